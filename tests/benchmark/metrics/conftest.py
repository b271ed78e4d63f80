"""Pairs of answers and references for the text metrics."""

import random
from pathlib import Path

import orjson
import pytest

from hypnos.benchmark.metrics.segment import words

SAMPLE = Path(__file__).parents[3] / "hypnos" / "sample"

Pairs = tuple[list[str], list[list[str]]]


def blur(texts: list[str], seed: int) -> list[str]:
    """Answers as models give them: another text, the text with sentences moved, with characters lost, or cut off."""
    pick = random.Random(seed)
    answers = []
    for at, text in enumerate(texts):
        way = pick.randrange(4)
        sentences = text.split("。")
        pick.shuffle(sentences)
        lost = "".join(sign for sign in text if pick.random() < 0.8)
        answers.append([texts[at - 1], "。".join(sentences), lost, text[: max(6, len(text) // 2)]][way])
    return answers


@pytest.fixture(scope="module")
def sample() -> Pairs:
    lines = (SAMPLE / "anesthesia.jsonl").read_bytes().splitlines()[:150]
    texts = [orjson.loads(line)["output"] for line in lines]
    return blur(texts, 1), [[text] for text in texts]


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Pairs:
    """1,000 pairs of four words or more: NLTK counts one 4-gram too many for each answer that has none."""
    lines = (shared_data / "qa" / "general_medical_qa.jsonl").read_bytes().splitlines()
    texts = [text for line in lines[::15] if (text := orjson.loads(line)["output"].strip())]
    pairs = [
        (answer, text) for answer, text in zip(blur(texts, 2), texts) if min(map(len, map(words, (answer, text)))) > 3
    ]
    assert len(pairs) >= 1000
    return [answer for answer, _ in pairs[:1000]], [[text] for _, text in pairs[:1000]]
