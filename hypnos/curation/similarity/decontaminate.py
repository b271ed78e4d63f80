"""Keeps a benchmark's questions out of what is trained on, in whatever dress they come."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from hypnos.artefacts.hub import on_hub
from hypnos.artefacts.ranges import Count, Range, ShareAboveZero
from hypnos.corpus.files import path_key
from hypnos.corpus.likeness.ngrams import batches
from hypnos.corpus.storage.connection import is_remote, local_path
from hypnos.curation.pipeline.block_work import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import RowsOf, evenly, sift_block
from hypnos.curation.pipeline.step import RecordRow, Reject, Step
from hypnos.curation.similarity.benchmark_index import BenchmarkIndex, Hit
from hypnos.curation.similarity.benchmark_texts import BenchmarkQuestion, read_questions
from hypnos.curation.similarity.paraphrases import Paraphrases
from hypnos.errors import UserError

log = logging.getLogger(__name__)

VERSION = 3

FEWEST, COUNTED = 500, 20_000
"""Records from which, and of which at most so many (evenly out of all), it is counted how rare signs are."""


@dataclass(eq=False, kw_only=True)
class Decontaminate(Step):
    """The step `decontaminate`. A record is rejected with the name and the words of the item that it holds.

    Attributes:
        benchmarks: files or folders, in any layout of `benchmark_texts`.
        task_files: what evaluate.py asks with the same `tasks`: files, folders, `hub:owner/name`. Those that lie in
            `benchmarks` are kept out already.
        gram: characters of an n-gram; more makes every share below stricter.
        stem: a record that holds this share of a stem's n-grams holds the question ...
        stem_least: ... if the stem has this many characters: shorter ones are common phrases.
        joint: likewise of stem and options together, in any order: this covers short stems.
        question: likeness (Jaccard) of the record's whole question and the stem, however short.
        passage: share of a passage.
        paraphrase: likeness of the record's question and the stem by their signs, in any order, weighed by how rare
            they are among the records; None: not looked at.
    """

    name = "decontaminate"

    benchmarks: Sequence[str]
    task_files: Sequence[str] = ()
    gram: Annotated[int, Range(least=2)] = 3
    stem: ShareAboveZero = 0.7
    stem_least: Count = 16
    joint: ShareAboveZero = 0.7
    question: ShareAboveZero = 0.7
    passage: ShareAboveZero = 0.6
    paraphrase: ShareAboveZero | None = 0.58

    def __post_init__(self) -> None:
        self.benchmarks = (*self.benchmarks, *_beyond(self.benchmarks, self.task_files))
        shares = ("stem", "joint", "question", "passage")
        self.shares: dict[str, float] = {name: getattr(self, name) for name in shares}
        for name in (*shares, "paraphrase"):
            share = getattr(self, name)
            if share is not None and not 0 < share <= 1:
                raise UserError(f"decontaminate.{name} {share}: must be above 0 and at most 1")
        if self.gram < 2 or self.stem_least < self.gram:
            raise UserError(f"decontaminate: need gram {self.gram} >= 2 and stem_least {self.stem_least} >= gram")

    def key(self) -> dict[str, Any]:
        content = [path_key(path) for path in self.benchmarks]
        return {
            "version": VERSION,
            "benchmarks": content,
            "gram": self.gram,
            "stem_least": self.stem_least,
            **({} if self.paraphrase is None else {"paraphrase": self.paraphrase}),
        } | self.shares

    def check(self) -> None:
        """Raise UserError if a benchmark cannot be read."""
        assert self._items is not None

    @cached_property
    def _items(self) -> list[BenchmarkQuestion]:
        return [item for path in self.benchmarks for item in read_questions(path)]

    @cached_property
    def _index(self) -> BenchmarkIndex:
        log.info("%d questions of %d benchmarks are kept out", len(self._items), len(self.benchmarks))
        return BenchmarkIndex(self._items, gram=self.gram, stem_least=self.stem_least, shares=self.shares)

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yield what holds no item.

        Reasons: `contaminated_question` (the record asks it), `contaminated_stem`, `contaminated_options` (stem and
        options in any order), `contaminated_passage`, `contaminated_paraphrase` (it asks it in other words). A rejected
        row also has `benchmark_item`, `benchmark_text` and `overlap`.

        Args:
            rows: read twice where paraphrases are looked for, so they must be an iterable that begins anew.
            reject: takes what holds one.
        """
        self.check()
        paraphrases = self.learn(rows)
        for batch, texts in batches(rows, whole_text):
            yield from self.sift(batch, texts, paraphrases, reject)

    def learn(self, rows: Iterable[RecordRow]) -> Paraphrases | None:
        """How rare signs are in the questions of the records; None where no paraphrases are looked for."""
        if self.paraphrase is None or not self._items:
            return None
        chosen, step = evenly(rows, COUNTED, least=FEWEST)
        if not step:
            log.info("fewer than %d records do not tell how rare signs are: no paraphrases are looked for", FEWEST)
            return None
        return Paraphrases([item.question for item in self._items], map(_question, chosen))

    def sift(
        self, batch: Sequence[RecordRow], texts: Sequence[str], paraphrases: Paraphrases | None, reject: Reject
    ) -> Iterator[RecordRow]:
        """Yield what holds no item of some rows, given all the text of each."""
        questions = [_question(row) for row in batch]
        hits = self._index.find(questions, texts)
        if paraphrases is not None and self.paraphrase is not None:
            nearest, likeness = paraphrases.find(questions)
            for number in np.flatnonzero(likeness >= self.paraphrase).tolist():
                hits.setdefault(number, Hit(int(nearest[number]), "paraphrase", float(likeness[number])))
        for number, row in enumerate(batch):
            if number not in hits:
                yield row
                continue
            hit = hits[number]
            item = self._items[hit.item]
            text = "\n".join(part for part in (item.question, *item.options) if part)
            evidence = {"benchmark_item": item.name, "benchmark_text": text, "overlap": round(hit.share, 4)}
            reject(row | evidence, f"contaminated_{hit.part}")

    def block_work(self, source: Path) -> BlockWork:
        return DecontaminateBlocks(self, source)


class DecontaminateBlocks(BlockWork):
    """Learns once, from all rows, how rare signs are; then each block is looked at by itself."""

    def __init__(self, step: Decontaminate, source: Path) -> None:
        assert step._index is not None  # made once, and sent to the workers
        self.step = step
        self.paraphrases = step.learn(RowsOf(source))

    def work(self, block: bytes) -> BlockResult:
        return sift_block(block, self.step.name, self._sift)

    def _sift(self, rows: Sequence[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        return self.step.sift(rows, [whole_text(row) for row in rows], self.paraphrases, reject)


def _beyond(benchmarks: Sequence[str], files: Sequence[str]) -> Iterator[str]:
    """The files that are no part of the benchmarks: these keep their key."""
    folders = [place for path in benchmarks if (place := _place(path))]
    for file in dict.fromkeys(files):
        place = _place(file)
        within = place and any(place.is_relative_to(folder) for folder in folders)
        if file not in benchmarks and not within:
            yield file


def _place(path: str) -> Path | None:
    """Where a path lies on this machine; None for what lies elsewhere."""
    return None if on_hub(path) or is_remote(path) else local_path(path).resolve()


def _question(row: Mapping[str, Any]) -> str:
    return f"{row.get('instruction') or ''}\n{row.get('input') or ''}"


def whole_text(row: Mapping[str, Any]) -> str:
    """Everything that is written in a record: what stands above it, earlier turns, question, answer, passage."""
    turns = (
        str(text) for turn in row.get("history") or () for text in (turn if isinstance(turn, list | tuple) else [turn])
    )
    beside = (str(row[name]) for name in ("system", "reasoning") if row.get(name))
    return "\n".join([*beside, *turns, _question(row), str(row.get("output") or ""), str(row.get("text") or "")])
