"""Rejects records whose answer belongs to another question, before money is spent on their scores."""

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.ranges import Count, Natural, Seed
from hypnos.curation.fit.embedding import Embedding
from hypnos.curation.fit.model import FitModel
from hypnos.curation.pipeline.block_work import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import RowsOf, evenly, sift_block
from hypnos.curation.pipeline.step import RecordRow, Reject, Step

log = logging.getLogger(__name__)

VERSION = 2
BATCH = 1024

REASON = "answers_another_question"


class Fit(Step):
    """The step `fit`. A record is rejected where the odds that its answer is its question's own are too low."""

    name = "fit"

    def __init__(
        self,
        *,
        least: float = -1.2,
        fewest: Natural = 2000,
        sample: Count = 50_000,
        seed: Seed = 0,
        embedding: str | None = None,
    ) -> None:
        """Say what is too low.

        Args:
            least: natural logarithm of the odds, below which a record is rejected.
            fewest: records below which nothing can be learnt from them, and all are kept.
            sample: records that are learnt from, evenly out of all.
            seed: of the random pairs.
            embedding: folder of an embedding model, whose likeness of question and answer counts too.

        Raises:
            UserError: the embedding model cannot be read.
        """
        self.least = least
        self.fewest = fewest
        self.sample = sample
        self.seed = seed
        self.embedding = Embedding(Path(embedding)) if embedding else None

    def key(self) -> dict[str, Any]:
        knobs = {"least": self.least, "fewest": self.fewest, "sample": self.sample, "seed": self.seed}
        return {"version": VERSION, **knobs, **(self.embedding.key() if self.embedding else {})}

    def learn(self, rows: Iterable[RecordRow]) -> "FittedThreshold | None":
        """What is learnt from the records; None where they are too few."""
        sample, step = evenly(rows, self.sample, least=self.fewest)
        if not step:
            log.info("fit: fewer than step.fit.fewest=%d records teach nothing: all are kept", self.fewest)
            return None
        chosen = list(sample)
        questions, answers = [question_of(row) for row in chosen], [answer_of(row) for row in chosen]
        model = FitModel(questions, answers, seed=self.seed, embedding=self.embedding)
        return FittedThreshold(model, self.least, None if step == 1 else frozenset(map(_mark, chosen)))

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields what fits. Reason: `answers_another_question`, with the odds as `fit`.

        Args:
            rows: read twice and once more, so they must be an iterable that begins anew.
            reject: takes what does not fit.
        """
        fitted = self.learn(rows)
        if fitted is None:
            yield from rows
            return
        remaining = iter(rows)
        while batch := list(itertools.islice(remaining, BATCH)):
            yield from fitted.sift(batch, reject)

    def block_work(self, source: Path) -> BlockWork:
        return FitBlocks(self, source)


@dataclass(frozen=True, slots=True)
class FittedThreshold:
    """A model with its threshold, and marks of the records that it was made with (None: all)."""

    model: FitModel
    least: float
    counted: frozenset[int] | None

    def sift(self, batch: Sequence[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields those that fit; an answer without words is no misfit, and for other steps to judge."""
        counted = [self.counted is None or _mark(row) in self.counted for row in batch]
        odds = self.model.odds([question_of(row) for row in batch], [answer_of(row) for row in batch], counted)
        for row, value in zip(batch, odds.tolist(), strict=True):
            if value >= self.least:
                yield row
            else:
                reject({**row, "fit": round(value, 4)}, REASON)


class FitBlocks(BlockWork):
    """Learns once, from all rows; then each block is judged by itself."""

    def __init__(self, step: Fit, source: Path) -> None:
        self.name = step.name
        self.fitted = step.learn(RowsOf(source))

    def work(self, block: bytes) -> BlockResult:
        return sift_block(block, self.name, self._sift)

    def _sift(self, rows: Sequence[RecordRow], reject: Reject) -> Iterable[RecordRow]:
        return rows if self.fitted is None else self.fitted.sift(rows, reject)


def question_of(row: Mapping[str, Any]) -> str:
    """What is asked, with material and earlier turns."""
    turns = (
        str(text) for turn in row.get("history") or () for text in (turn if isinstance(turn, list | tuple) else [turn])
    )
    return "\n".join([*turns, str(row.get("instruction") or ""), str(row.get("input") or "")])


def answer_of(row: Mapping[str, Any]) -> str:
    """The answer, or running text."""
    return str(row.get("output") or row.get("text") or "")


def _mark(row: Mapping[str, Any]) -> int:
    """A number of the pair that is the same in every process."""
    import xxhash

    return xxhash.xxh3_64_intdigest(f"{question_of(row)}\0{answer_of(row)}".encode("utf-8", "surrogatepass"))
