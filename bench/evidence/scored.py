"""Public sets of scored answers, as rows that the project's selection reads: one aspect, more is better."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.study.pairs import read_lines
from hypnos.corpus.selection import Selection
from hypnos.errors import UserError

BOTH = "scored/llmeval2_medicine_human_and_gpt4.jsonl"
PAIRS = "scored/pulse_eval_pairs.jsonl"

JUDGE, PEOPLE = "GPT4", "people"
ASPECT = "overall"


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with a judge's score and people's, both from 0 to 10."""

    question: str
    author: str
    answer: str
    judge: float
    people: float

    def row(self) -> dict[str, Any]:
        """As filter.py keeps scores."""
        scores = {JUDGE: self.judge, PEOPLE: self.people}
        entries = [{"scorer": scorer, ASPECT: value} for scorer, value in scores.items()]
        return {"id": f"{self.question} {self.author}", "author": self.author, "scores": entries}


@dataclass(frozen=True, slots=True)
class Score:
    """One of the scores that an answer got, each beside the answer of another model."""

    question: str
    author: str
    answer: str
    value: float
    first: bool


def policy(threshold: float, scorer: str = JUDGE) -> Selection:
    """A selection by one scorer's only number."""
    return Selection(threshold=threshold, floor=0.0, harmless_floor=0.0, aspects=(ASPECT,), scorers=scorer)


def read_judged(data: Path) -> list[Judged]:
    """Answers that people and GPT-4 scored.

    Raises:
        UserError: a score is missing or outside the scale; names file and line.
    """
    judged = []
    for number, row in enumerate(read_lines(data / BOTH), 1):
        scores = [_score(row, name, f"{data / BOTH}:{number}") for name in ("gpt4_10", "human_10")]
        judged.append(Judged(row["question_id"], row["model"], row["answer"].strip(), *scores))
    return judged


def read_scores(data: Path) -> list[list[Score]]:
    """For each answer all the scores that GPT-4 gave it, in the order of the file.

    Raises:
        UserError: a score is missing or outside the scale; names file and line.
    """
    answers: dict[tuple[str, str], list[Score]] = {}
    for score in _scores(data):
        answers.setdefault((score.question, score.author), []).append(score)
    return list(answers.values())


def _scores(data: Path) -> Iterator[Score]:
    for number, row in enumerate(read_lines(data / PAIRS), 1):
        question = f"{row['task']} {row['question']}"
        for side in "ab":
            value = _score(row, f"score_{side}", f"{data / PAIRS}:{number}")
            yield Score(question, row[f"model_{side}"], row[f"answer_{side}"].strip(), value, side == "a")


def _score(row: dict[str, Any], name: str, where: str) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
        raise UserError(f"{where}: {name} {value!r}: must be a number from 0 to 10")
    return float(value)


def folds_of(questions: Sequence[str], folds: int) -> dict[str, int]:
    """The fold of each question: in the order in which they come, one after another."""
    return {question: at % folds for at, question in enumerate(dict.fromkeys(questions))}
