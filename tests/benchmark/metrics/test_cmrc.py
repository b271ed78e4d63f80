"""Held against the published script's behaviour, written here anew step by step: one character after another."""

import random
from pathlib import Path

import orjson
import pytest
from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer

from hypnos.benchmark.metrics.cmrc import Cmrc

# As the script lists them: the ellipsis stands there as two characters, which no single one can equal.
LISTED = [*"-:_*^/\\~`+=，。：？！“”；’《》", "……", *"·、「」（）－～『』"]


def cut(text: str) -> list[str]:
    """Characters one by one: a listed sign is dropped, a Han character ends the Latin text before it."""
    pieces: list[str] = []
    waiting = ""

    def words(latin: str) -> list[str]:
        sentences = PunktSentenceTokenizer().tokenize(latin)
        return [word for sentence in sentences for word in NLTKWordTokenizer().tokenize(sentence)]

    for character in text.lower().strip():
        if character in LISTED:
            continue
        if "\u4e00" <= character <= "\u9fa5":
            pieces += [*words(waiting), character]
            waiting = ""
        else:
            waiting += character
    return pieces + words(waiting)


def longest_run(one: list[str], other: list[str]) -> int:
    """By the table of runs that end at each pair of pieces."""
    longest, above = 0, [0] * (len(other) + 1)
    for piece in one:
        row = [0]
        for at, other_piece in enumerate(other):
            row.append(above[at] + 1 if piece == other_piece else 0)
        longest, above = max(longest, *row), row
    return longest


def published(answer: str, references: list[str]) -> tuple[float, float]:
    """Exact match and F1 of the best reference."""
    scores = []
    for reference in references:
        right, pieces = cut(reference), cut(answer)
        shared = longest_run(right, pieces)
        precision, recall = (shared / len(pieces), shared / len(right)) if shared else (0.0, 0.0)
        scores.append(2 * precision * recall / (precision + recall) if shared else 0.0)
    plain = ["".join(sign for sign in text.lower().strip() if sign not in LISTED) for text in (answer, *references)]
    return float(plain[0] in plain[1:]), max(scores)


def assert_equal_to_the_script(pairs: list[tuple[str, list[str]]], folder: Path) -> None:
    answers, references = zip(*pairs, strict=True)
    scores = Cmrc(folder=folder).measure(predictions=list(answers), references=list(references)).items
    for at, (answer, given) in enumerate(pairs):
        exact, f1 = published(answer, given)
        assert scores["exact_match_cmrc_official"][at] == exact, (answer, given)
        assert scores["f1_cmrc_official"][at] == pytest.approx(f1, abs=1e-12), (answer, given)


PIECES = [
    "……", "…", "8.65", "3,000", "10:30", "50%", "don't", "cannot", "u.s.", "Dr. Li", "ph 7.35. ok", "A-B", "a/b", "BIS", " ", "  ",
    "(0.6 mg/kg)", "（约）", "“引”", "‘引’", "\"x\"", "it's", "1. 一", "。", ".", ",", "?", "!", "、", "·", "$5", "#1", "①", "é", "β", "ⅱ", "μg",
    "罗库溴铵", "丙泊酚", "麻醉", "是", "の", "\u3400", "\u9fa6", "\t", "[a]", "<b>", "--", "''", "``", "e.g. x", "J. Smith", "a.b.c", "..", "...",
]  # fmt: skip


def test_equal_to_the_published_script_on_mixed_text(tmp_path: Path) -> None:
    draw = random.Random(5)
    pairs = []
    for _ in range(1500):
        reference = "".join(draw.choices(PIECES, k=draw.randint(1, 7)))
        answer = "".join(draw.choices(PIECES, k=draw.randint(0, 7)))
        pairs.append((draw.choice([answer, reference, reference + answer, reference[1:]]), [reference, answer[:3]]))
    assert_equal_to_the_script(pairs, tmp_path)


@pytest.mark.real_data
@pytest.mark.slow
def test_equal_to_the_published_script_on_real_answers(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "reading").glob("*.jsonl"))
    rows = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
    pairs = []
    for row in rows:
        given = row["answers"]["text"] if isinstance(row["answers"], dict) else row["answers"]
        given = [text if isinstance(text, str) else text["text"] for text in given]
        passage = row.get("context") or row["passage"]
        at = max(0, passage.find(given[0]))
        around = passage[max(0, at - 9) : at + len(given[0]) + 12]
        pairs += [(answer, given) for answer in (given[-1], around, passage[:120], f"答案是{given[0]}。")]
    assert len(pairs) > 2504
    assert_equal_to_the_script(pairs, tmp_path)


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "f1"),
    [
        ("8.65", "8.65", 1.0, 1.0),
        ("8.65", "865", 0.0, 0.0),  # one word, and another
        ("8 65", "8.65", 0.0, 0.0),
        ("甲……乙", "甲乙", 0.0, 2 / 5),  # the ellipsis is a piece: 甲, ……, 乙
        ("0.6mg", "0.6 mg", 0.0, 0.0),
        ("。", "！", 1.0, 0.0),  # nothing is left of either
    ],
)
def test_what_the_script_does_with_signs(answer: str, reference: str, exact: float, f1: float, tmp_path: Path) -> None:
    scores = Cmrc(folder=tmp_path).measure(predictions=[answer], references=[[reference]]).items
    assert scores["exact_match_cmrc_official"][0] == exact
    assert scores["f1_cmrc_official"][0] == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answer", "exact", "f1"),
    [
        ("罗库溴铵。", 1.0, 1.0),
        ("用罗库溴铵", 0.0, 8 / 9),
        ("罗库与溴铵", 0.0, 4 / 9),  # the longest run is 罗库 or 溴铵
        ("BIS 值 60", 0.0, 2 / 3),
        ("", 0.0, 0.0),
    ],
)
def test_cmrc_counts_the_longest_run(answer: str, exact: float, f1: float, tmp_path: Path) -> None:
    scores = Cmrc(folder=tmp_path).measure(predictions=[answer], references=[["罗库溴铵", "bis值 为"]])
    assert scores.items["exact_match_cmrc_official"][0] == exact
    assert scores.items["f1_cmrc_official"][0] == pytest.approx(f1)
