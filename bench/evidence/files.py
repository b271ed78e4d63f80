"""Training and held-out files of the claims that are trained: drawn once, and rid of what is measured.

A file holds what is trained on and what is held out; a record's group says which, by the rule of
`hypnos.corpus.sources.is_held_out`, so that no command can train on the wrong one.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from bench.evidence.papers import read_papers
from bench.evidence.scored import ASPECT, read_judged, read_pairs, read_scores
from bench.study.pairs import ANESTHESIA, GENERAL, Row, Sizes, draw_pairs, read_lines, write_lines
from hypnos.corpus.sources import is_held_out
from hypnos.curation.similarity.decontaminate import Decontaminate

LONG = "qa/general_medical_long_qa.jsonl"
STATEMENTS = "qa/anesthesia_statements_2017_2020.jsonl"
BOARD = "mcq/anesthesia_board_2017_2020.jsonl"

QUESTIONS = "board.jsonl"
"""Board questions of the last year, which models answer by likelihood."""

DEVELOPMENT = "development"
"""Files that rates are chosen on: what is held out there is measured in no table; papers are not trained on either."""

ONE_IN = 5
"""Of the earlier papers, of general pairs and of trained pairs: the first of so many is held out to choose rates."""

BEST = "best.jsonl"
"""Good answers to questions that nothing is trained on."""

GOOD = 9.0
"""Of 10: what people and GPT-4 both gave such an answer."""

RARITY = 2000
"""General pairs beside which near-copies are looked for: a file of its own is too small to tell how rare signs are."""

REMOVED = "removed.jsonl"

HELD_OUT = 0.15
"""Share of groups that conf/sources holds out."""

LAST_YEAR = 2020
"""Statements of this year, and papers from it on, are measured on; earlier ones are learnt."""

SCORERS = ("GPT-4", "worst", "shortest", "longest")
"""Who ranks answers: the judge, the judge turned round, and length both ways."""


def write_files(data: Path, folder: Path, settings: Mapping[str, Any], size: str) -> None:
    """Draw, hold out, decontaminate and write.

    `general.jsonl` is what the first stage sees, `scored.jsonl` answers with scores, `pairs.jsonl` pairs of them,
    `specialty.jsonl` statements and papers; `best.jsonl` is only measured on, and `removed.jsonl` lists what was too
    near to something measured. The files for the choice of rates are drawn from the trained part of these.

    Args:
        data: folder of the public sets.
        folder: of the claims' files.
        settings: `settings/training.yaml`.
        size: which base's numbers.
    """
    numbers = settings["bases"][size]
    longest = settings["longest"]
    sizes = Sizes(general=numbers["general"], planted=0, held_out=numbers["held_out"])
    drawn = draw_pairs(read_lines(data / GENERAL), read_lines(data / ANESTHESIA), sizes)
    validated = [row for row in read_lines(data / LONG) if row["source"] == "llmeval-med"]
    answers = _few([row for row in validated if len(row["output"]) <= longest], numbers["held_out"])
    best = _few(list(_best(data, longest)), numbers["held_out"])
    statements, papers = read_lines(data / STATEMENTS), list(read_papers(data))
    board = [row for row in read_lines(data / BOARD) if row["year"] == LAST_YEAR]
    late, early = ([row for row in papers if (row["year"] >= LAST_YEAR) == is_late] for is_late in (True, False))
    chosen_on = set(sorted({row["paper"] for row in early})[::ONE_IN])
    last = [
        *_few([row for row in statements if row["year"] >= LAST_YEAR], numbers["held_out"]),
        *_few(late, numbers["held_out"]),
    ]
    earlier = [
        *_few([row for row in statements if row["year"] < LAST_YEAR], numbers["statements"]),
        *_few([row for row in early if row["paper"] not in chosen_on], numbers["pieces"]),
    ]
    development = _few([row for row in early if row["paper"] in chosen_on], numbers["held_out"])
    pairs = list(_pairs(data, settings, numbers["pairs"]))
    tested = [pair for pair in pairs if is_held_out(pair["group"], settings["holdout"])]
    questions = [{"instruction": pair["question"]} for pair in tested]
    asked = [{"instruction": row["question"], "options": row["options"]} for row in board]
    measured = {"scored": [*answers, *best], "specialty": [*last, *asked], "pairs": questions}
    # The first stage goes before all of them.
    measured["general"] = [*drawn.held_out, *answers, *best, *last, *asked, *questions]
    trained = {"scored": _few(list(_scored(data, settings)), numbers["answers"]), "specialty": earlier}
    trained |= {"general": drawn.general, "pairs": [pair for pair in pairs if pair not in tested]}
    held_out = {"scored": answers, "specialty": last, "general": drawn.held_out}
    removed: list[Row] = []
    beside = read_lines(data / GENERAL)[:RARITY]
    for name, rows in trained.items():
        path = folder / f"measured-{name}.jsonl"
        write_lines(path, [_asked(at, row) for at, row in enumerate(measured[name])])
        kept = list(_rid(name, rows, beside, path, removed))
        if name == "pairs":  # whose groups are those of their questions
            write_lines(folder / f"{DEVELOPMENT}-pairs.jsonl", _divided(kept, settings["holdout"]))
            write_lines(folder / "pairs.jsonl", [*kept, *tested])
            continue
        placed = [_placed(row, False) for row in kept]
        if name == "general":
            write_lines(folder / f"{DEVELOPMENT}-general.jsonl", _divided(kept, HELD_OUT))
        if name == "specialty":
            apart = [_placed(row, True) for row in development]
            write_lines(folder / f"{DEVELOPMENT}-specialty.jsonl", [*placed, *apart])
        write_lines(folder / f"{name}.jsonl", [*placed, *(_placed(row, True) for row in held_out[name])])
    write_lines(folder / BEST, [_placed(row, True) for row in best])
    write_lines(folder / QUESTIONS, board)
    write_lines(folder / "text.jsonl", [*drawn.general, *drawn.held_out])
    write_lines(folder / REMOVED, removed)


def _rid(name: str, rows: Sequence[Row], beside: Sequence[Row], measured: Path, removed: list[Row]) -> Iterator[Row]:
    """Take out of rows, by the project's own step, what holds a measured question."""
    step = Decontaminate(benchmarks=[str(measured)])
    asked = [{**row, "instruction": row["question"]} if "question" in row else row for row in rows]
    others = [{**row, "beside": True} for row in beside]

    def note(row: Row, reason: str) -> None:
        if "beside" not in row:
            removed.append({**row, "file": name, "reason": reason})

    for row in step.run([*asked, *others], note):
        if "answer_a" in row:
            del row["instruction"]
        if "beside" not in row:
            yield row


def _scored(data: Path, settings: Mapping[str, Any]) -> Iterator[Row]:
    """Answers of 12 models with the mean of GPT-4's scores, and beside it what other rankings give them."""
    begins = f"{settings['task']} "
    asked = [scores for scores in read_scores(data) if scores[0].question.startswith(begins)]
    kept = [scores for scores in asked if len(scores[0].answer) <= settings["longest"]]
    lengths = sorted(len(scores[0].answer) for scores in kept)
    for scores in kept:
        one = scores[0]
        value = mean(score.value for score in scores)
        length = 10 * lengths.index(len(one.answer)) / len(lengths)
        ranks = dict(zip(SCORERS, (value, 10 - value, 10 - length, length), strict=True))
        question = one.question.removeprefix(begins)
        entries = [{"scorer": scorer, ASPECT: rank} for scorer, rank in ranks.items()]
        yield {"instruction": question, "input": "", "output": one.answer, "author": one.author, "scores": entries}


def _best(data: Path, longest: int) -> Iterator[Row]:
    """Answers of 20 models that people and GPT-4 both find good, to 40 questions of another set than the scored."""
    for one in read_judged(data):
        if min(one.people, one.judge) >= GOOD and len(one.answer) <= longest:
            yield {"instruction": one.asked, "input": "", "output": one.answer, "question_id": one.question}


def _pairs(data: Path, settings: Mapping[str, Any], most: int) -> Iterator[Row]:
    """Pairs whose scores lie far enough apart and whose answers are short enough, drawn evenly."""
    wanted = []
    for number, row in enumerate(read_pairs(data)):
        short = max(len(row["answer_a"]), len(row["answer_b"])) <= settings["longest"]
        if (
            row["task"] == settings["task"]
            and short
            and abs(row["score_a"] - row["score_b"]) >= settings["least_margin"]
        ):
            kept = {name: row[name] for name in ("question", "answer_a", "answer_b", "score_a", "score_b")}
            wanted.append({"id": f"pair-{number}", "group": row["question"], **kept})
    yield from _few(wanted, most)


def _few(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many, drawn by one seed, in their order."""
    chosen = set(random.Random(0).sample(range(len(rows)), min(most, len(rows))))
    return [row for at, row in enumerate(rows) if at in chosen]


def _divided(rows: Sequence[Row], share: float) -> Iterator[Row]:
    """Rows of which those of one question in so many are held out by the rule for a share."""
    questions = list(dict.fromkeys(map(_question, rows)))
    apart = set(questions[::ONE_IN])
    for row in rows:
        yield _placed(row, _question(row) in apart, share)


def _placed(row: Row, held_out: bool, share: float = HELD_OUT) -> Row:
    """The row with a group that the rule holds out, or does not; rows of one question or paper have one group."""
    name = row.get("paper") or row.get("question_id") or _question(row)
    group = next(f"{name} {at}" for at in range(1000) if is_held_out(f"{name} {at}", share) == held_out)
    return {**row, "group": group}


def is_paper(group: str) -> bool:
    """Whether a group, of a file here or with its source's name before it, is of a paper's pieces or of questions."""
    return group.rpartition("/")[2].startswith("ChinaXiv-")


def _asked(number: int, row: Row) -> Row:
    """A measured question or text, as `Decontaminate` reads it."""
    options = {"options": row["options"]} if "options" in row else {}
    return {"id": str(number), "question": row.get("text") or _question(row), **options}


def _question(row: Row) -> str:
    asked = row["question"] if "question" in row else row["instruction"]
    return f"{asked}\n{row['input']}" if row.get("input") else str(asked)
