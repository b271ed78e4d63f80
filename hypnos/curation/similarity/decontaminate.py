"""Keep a benchmark's questions out of what is trained on, in whatever dress they come."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import file_key
from hypnos.curation.similarity.benchmark_index import Overlap
from hypnos.curation.similarity.benchmark_texts import Asked, read_asked
from hypnos.curation.similarity.ngrams import batches
from hypnos.errors import UserError

log = logging.getLogger(__name__)

Row = dict[str, Any]
Reject = Callable[[Row, str], None]

VERSION = 1


class Decontaminate:
    """The step. A record is rejected with the name of the item that it holds and with the item's own words."""

    name = "decontaminate"

    def __init__(
        self,
        *,
        benchmarks: Sequence[str],
        gram: int = 3,
        stem: float = 0.7,
        stem_least: int = 16,
        joint: float = 0.7,
        question: float = 0.7,
        passage: float = 0.6,
    ) -> None:
        """Say what counts as seen.

        Args:
            benchmarks: files or folders, in any layout of `benchmark_texts`.
            gram: characters of an n-gram; more makes every share below stricter.
            stem: a record that holds this share of a stem's n-grams holds the question ...
            stem_least: ... if the stem has this many characters: shorter ones are common phrases.
            joint: likewise of stem and options together, in any order: this covers short stems.
            question: likeness (Jaccard) of the record's whole question and the stem, however short.
            passage: share of a passage.

        Raises:
            UserError: a share is not above 0 and at most 1.
        """
        self.shares = {"stem": stem, "joint": joint, "question": question, "passage": passage}
        for name, share in self.shares.items():
            if not 0 < share <= 1:
                raise UserError(f"decontaminate.{name} {share}: must be above 0 and at most 1")
        if gram < 2 or stem_least < gram:
            raise UserError(f"decontaminate: need gram {gram} >= 2 and stem_least {stem_least} >= gram")
        self.benchmarks = tuple(benchmarks)
        self.gram = gram
        self.stem_least = stem_least

    def key(self) -> dict[str, Any]:
        content = [file_key(Path(path)) for path in self.benchmarks]
        return {
            "version": VERSION,
            "benchmarks": content,
            "gram": self.gram,
            "stem_least": self.stem_least,
        } | self.shares

    def check(self) -> None:
        """Raise UserError if a benchmark cannot be read."""
        assert self._asked is not None

    @cached_property
    def _asked(self) -> list[Asked]:
        return [asked for path in self.benchmarks for asked in read_asked(path)]

    @cached_property
    def _overlap(self) -> Overlap:
        log.info("%d questions of %d benchmarks are kept out", len(self._asked), len(self.benchmarks))
        return Overlap(self._asked, gram=self.gram, stem_least=self.stem_least, shares=self.shares)

    def run(self, rows: Iterable[Row], reject: Reject) -> Iterator[Row]:
        """Yield what holds no item.

        Reasons: `contaminated_question` (the record asks it), `contaminated_stem`, `contaminated_options` (stem and
        options in any order), `contaminated_passage`. A rejected row also has `benchmark_item`, `benchmark_text` and
        `overlap`.
        """
        self.check()
        for batch, texts in batches(rows, _whole):
            hits = self._overlap.find([_question(row) for row in batch], texts)
            for number, row in enumerate(batch):
                if number not in hits:
                    yield row
                    continue
                hit = hits[number]
                item = self._asked[hit.item]
                text = "\n".join(part for part in (item.question, *item.options) if part)
                told = {"benchmark_item": item.name, "benchmark_text": text, "overlap": round(hit.share, 4)}
                reject(row | told, f"contaminated_{hit.part}")


def _question(row: Mapping[str, Any]) -> str:
    return f"{row.get('instruction') or ''}\n{row.get('input') or ''}"


def _whole(row: Mapping[str, Any]) -> str:
    turns = (
        str(said) for turn in row.get("history") or () for said in (turn if isinstance(turn, list | tuple) else [turn])
    )
    return "\n".join([*turns, _question(row), str(row.get("output") or ""), str(row.get("text") or "")])
