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
    """An answer with a judge's score and people's, both from 0 to 10; `question` is its name, `asked` its words."""

    question: str
    author: str
    answer: str
    judge: float
    people: float
    asked: str

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
        UserError: a text or a score is missing, or a score outside the scale; names file and line.
    """
    texts, scores = ("question_id", "model", "answer", "question"), ("gpt4_10", "human_10")
    return [
        Judged(
            question=row["question_id"],
            author=row["model"],
            answer=row["answer"].strip(),
            judge=float(row["gpt4_10"]),
            people=float(row["human_10"]),
            asked=row["question"],
        )
        for row in _checked(data / BOTH, texts, scores)
    ]


def read_pairs(data: Path) -> list[dict[str, Any]]:
    """Two answers to one question with GPT-4's scores, as the file has them.

    Raises:
        UserError: a text or a score is missing, or a score outside the scale; names file and line.
    """
    texts = ("task", "question", "model_a", "model_b", "answer_a", "answer_b")
    return list(_checked(data / PAIRS, texts, ("score_a", "score_b")))


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
    for row in read_pairs(data):
        question = f"{row['task']} {row['question']}"
        for side in "ab":
            answer, value = row[f"answer_{side}"].strip(), float(row[f"score_{side}"])
            yield Score(question, row[f"model_{side}"], answer, value, side == "a")


def _checked(path: Path, texts: Sequence[str], scores: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of a file, each found to hold these texts and scores."""
    for number, row in enumerate(read_lines(path), 1):
        for name in texts:
            if not isinstance(row.get(name), str):
                raise UserError(f"{path}:{number}: {name} {row.get(name)!r}: must be text")
        for name in scores:
            value = row.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
                raise UserError(f"{path}:{number}: {name} {value!r}: must be a number from 0 to 10")
        yield row


def folds_of(questions: Sequence[str], folds: int) -> dict[str, int]:
    """The fold of each question: in the order in which they come, one after another."""
    return {question: at % folds for at, question in enumerate(dict.fromkeys(questions))}
