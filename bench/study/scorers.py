"""Scores of known quality, in the form that filter.py leaves and `selection` reads."""

import random
from collections.abc import Collection, Sequence
from typing import Any

Row = dict[str, Any]

WRONG = 0.25
"""Share of the sound and of the spoilt pairs that a scorer with faults takes for the other kind."""

SCORERS = {
    "perfect": "right about every pair",
    "noisy": "wrong about a quarter of the sound and a quarter of the spoilt pairs, drawn at random",
    "biased": "wrong as often, but where length deceives it: about the shortest sound and the longest spoilt answers",
}

GOOD = {"coherence": 9, "professionalism": 9, "usefulness": 9, "harmfulness": 0, "friendliness": 9}
POOR = {"coherence": 6, "professionalism": 4, "usefulness": 4, "harmfulness": 4, "friendliness": 6}


def score(rows: Sequence[Row], spoilt: Collection[str], *, seed: int = 0) -> list[Row]:
    """Let every scorer grade every row.

    Each finds exactly as many good as there are sound ones if half of the rows are spoilt, so that filters differ in
    what they keep and not in how much.

    Args:
        rows: with `id` and `output`.
        spoilt: ids of the spoilt ones.
        seed: of the noisy scorer.
    """
    wrong = {"perfect": set(), "noisy": _at_random(rows, spoilt, seed), "biased": _by_length(rows, spoilt)}
    scored = []
    for row in rows:
        scores = [
            {"scorer": name, **(POOR if (row["id"] in spoilt) != (row["id"] in wrong[name]) else GOOD), "comment": ""}
            for name in SCORERS
        ]
        scored.append(row | {"scores": scores})
    return scored


def _at_random(rows: Sequence[Row], spoilt: Collection[str], seed: int) -> set[str]:
    rng = random.Random(seed)
    return {name for names in _kinds(rows, spoilt) for name in rng.sample(names, round(WRONG * len(names)))}


def _by_length(rows: Sequence[Row], spoilt: Collection[str]) -> set[str]:
    length = {row["id"]: len(row["output"]) for row in rows}
    sound, bad = (sorted(names, key=lambda name: length[name]) for names in _kinds(rows, spoilt))
    return {*sound[: round(WRONG * len(sound))], *bad[len(bad) - round(WRONG * len(bad)) :]}


def _kinds(rows: Sequence[Row], spoilt: Collection[str]) -> tuple[list[str], list[str]]:
    """Ids of sound and of spoilt rows."""
    return [row["id"] for row in rows if row["id"] not in spoilt], [r["id"] for r in rows if r["id"] in spoilt]
