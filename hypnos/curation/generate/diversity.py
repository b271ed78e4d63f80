"""Measures how unlike each other the questions are that authors wrote."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypnos.curation.generate.novelty import characters

OPENING = 6
"""Characters by which two questions begin alike."""

DRAWN = 200
"""Questions whose nearest one is looked for; the interval of their mean is then some 0.02 wide."""

_TENTH = 0.9


def measure_diversity(questions: Sequence[str], *, seed: int) -> dict[str, Any]:
    """Openings and nearest neighbours.

    Args:
        questions: all of them.
        seed: of the questions that are drawn, where there are more than `DRAWN`.

    Returns:
        Shares from 0 to 1: distinct openings among all; the commonest opening and its share; of drawn questions the
        ROUGE-L on characters to the nearest other one, on the average and of the tenth that is nearest to another.
        Empty for fewer than two questions.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    texts = [characters(question) for question in questions]
    if len(texts) < 2:
        return {}
    openings = Counter(text[:OPENING] for text in texts)
    commonest, times = openings.most_common(1)[0]
    nearest = []
    for at in sorted(random.Random(seed).sample(range(len(texts)), min(DRAWN, len(texts)))):
        likeness = process.cdist([texts[at]], texts, scorer=Indel.normalized_similarity)[0]
        likeness[at] = 0.0
        nearest.append(float(likeness.max()))
    nearest.sort()
    return {
        "distinct_openings": round(len(openings) / len(texts), 4),
        "commonest_opening": commonest,
        "commonest_share": round(times / len(texts), 4),
        "nearest_mean": round(sum(nearest) / len(nearest), 4),
        "nearest_tenth": round(nearest[min(int(_TENTH * len(nearest)), len(nearest) - 1)], 4),
    }
