"""Promises on time: copies among 200,000 instructions, selection among 217,000 scored records."""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from bench.curation import read_lines
from bench.promise import SHARED, Promise
from hypnos.corpus.likeness.ngrams import fold
from hypnos.corpus.selection import Selection
from hypnos.curation.pipeline.blocks import run_blocks
from hypnos.curation.score.select import SelectBlocks
from hypnos.curation.similarity.deduplicate import Deduplicate

Row = dict[str, Any]

INSTRUCTIONS = 200_000
COPIES = 5_000
SCORED = 217_000


def copies() -> list[Promise]:
    """Near copies by random edits, among records put together from sentences of real ones."""
    what = f"copies among {INSTRUCTIONS:,} instructions"
    if not SHARED.is_dir():
        return [Promise(f"{what}: seconds of one core", None, 15.0)]
    rng = random.Random(0)
    rows = list(put_together(read_lines("qa/general_medical_qa.jsonl"), INSTRUCTIONS - COPIES, rng))
    pairs = []
    for number in range(COPIES):
        original = rng.choice(rows)
        pairs.append((edited(original, f"copy-{number}", rng), original))
    rows += [copy for copy, _ in pairs]
    rejected: list[Row] = []
    start = time.process_time()
    kept = sum(1 for _ in Deduplicate().run(iter(rows), lambda row, why: rejected.append(row)))
    seconds = time.process_time() - start
    assert kept + len(rejected) == len(rows)
    found = {row["id"] for row in rejected}
    close = [copy["id"] for copy, original in pairs if _jaccard(_told(copy), _told(original)) >= 0.8]
    missed = 100 * sum(name not in found for name in close) / len(close)
    wrong = sum(_jaccard(_told(row), row["duplicate_text"]) < 0.8 for row in rejected)
    return [
        Promise(f"{what}: seconds of one core", seconds, 15.0),
        Promise(f"{what}: % of {len(close):,} planted copies (Jaccard >= 0.8) missed", missed, 5.0),
        Promise(f"{what}: % of all wrongly dropped", 100 * wrong / len(rows), 0.1),
    ]


def put_together(real: list[Row], count: int, rng: random.Random) -> Iterator[Row]:
    """Pairs out of the sentences of real ones."""
    sentences = [part for row in real for part in row["output"].split("。") if 5 < len(part) < 80]
    for number in range(count):
        question = rng.choice(real)["instruction"][:60] + rng.choice(sentences)[:20]
        answer = "。".join(rng.choices(sentences, k=rng.randint(1, 6)))
        yield {"id": f"{number}", "instruction": question, "input": "", "output": answer}


def edited(row: Row, name: str, rng: random.Random) -> Row:
    """A near copy: some signs of the answer are others, or gone."""
    signs = list(row["output"])
    for _ in range(1 + len(signs) // rng.randint(15, 60)):
        at = rng.randrange(len(signs))
        edit = rng.random()
        if edit < 0.4:
            signs[at] = rng.choice("的一是在有人")
        elif edit < 0.7 and len(signs) > 1:
            del signs[at]
        else:
            signs.insert(at, rng.choice("了和不大"))
    return row | {"id": name, "output": "".join(signs)}


def _told(row: Row) -> str:
    return f"{row['instruction']}\n{row['input']}\n{row['output']}"


def _jaccard(one: str, other: str) -> float:
    """Of sets of Python strings: another way than the step's own."""
    sets = [{text[i : i + 3] for i in range(len(text) - 2)} for text in (fold(one), fold(other))]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def selecting() -> list[Promise]:
    """Records of about 1.1 kB, read from a file and written to two."""
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "scored.jsonl").open("wb") as stream:
            for number in range(SCORED):
                stream.write(orjson.dumps(_scored(number, rng), option=orjson.OPT_APPEND_NEWLINE))
        start = time.process_time()
        work = SelectBlocks(Selection(), folder / "scored.jsonl")
        counts = run_blocks("select", work, folder / "scored.jsonl", folder).counts
        seconds = time.process_time() - start
    assert counts.plain()["in"] == SCORED
    return [Promise(f"selecting among {SCORED:,} scored records and writing them: seconds of one core", seconds, 4.0)]


def _scored(number: int, rng: random.Random) -> Row:
    authors = ("first", "second")
    scores = {aspect: rng.randint(5, 10) for aspect in ("coherence", "professionalism", "usefulness", "friendliness")}
    return {
        **{"id": f"{number}", "instruction": "全身麻醉诱导后功能残气量为什么会下降？" * 2, "input": "", "history": []},
        **{"output": "平卧已使膈肌上移，诱导后吸气肌张力消失，胸廓弹性改变。" * 7, "author": authors[number % 2]},
        **{"topic": "physiology", "egress": "any", "group": f"{number}"},
        "scores": [
            {"scorer": authors[1 - number % 2], **scores, "harmfulness": rng.randint(0, 3), "comment": "术语准确。" * 8}
        ],
    }


if __name__ == "__main__":
    for promise in (*copies(), *selecting()):
        print(f"{promise.verdict:8} {promise.figure or 0:>10.4g}  at most {promise.bound:<8.4g} {promise.what}")
