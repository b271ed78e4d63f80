"""Extends a base by Chinese pieces and the terms of a specialty (`vocabulary=chinese`)."""

import json
import logging
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from hypnos.artefacts.keys import file_key
from hypnos.artefacts.ranges import Count, ShareAboveZero
from hypnos.corpus.records import Instruction, Record, Rejections
from hypnos.corpus.sources import Source, read_source
from hypnos.errors import UserError
from hypnos.vocabulary.base_vocabulary import OwnVocabulary
from hypnos.vocabulary.fertility import report_fertility
from hypnos.vocabulary.han import read_terms
from hypnos.vocabulary.pretrained import locate_base
from hypnos.vocabulary.tokenizer import read_kind

log = logging.getLogger(__name__)

MEASURED = 2000
"""Held-out records of each source in the fertility report."""


class ChineseVocabulary(OwnVocabulary):
    """A BPE extension of the base's own kind, learnt on a corpus, in which every piece can be reached."""

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        size: Count,
        terms: str | None = None,
        coverage: ShareAboveZero = 0.999,
        max_records: Count = 200_000,
        pad_to_multiple_of: Count | None = None,
        template: str | None = None,
    ) -> None:
        """Extend the base's vocabulary.

        Args:
            sources: the corpus, by kind of text; held-out records are not trained on, and fertility is measured
                on them alone, a line for each kind.
            size: number of new pieces, terms and characters included.
            terms: a file of terms kept whole, one a line.
            coverage: share of the corpus' Chinese characters that get a piece; rarer ones stay bytes.
            max_records: of each source; more text changes few merges and takes memory.
            pad_to_multiple_of: rounds the number of embedding rows up.
            template: a Jinja chat template; None keeps the base's own.

        Raises:
            UserError: a number is out of its range.
        """
        super().__init__(template=template)
        if size < 1 or not 0 < coverage <= 1:
            raise UserError(f"vocabulary: size {size} must be above 0 and coverage {coverage} within (0, 1]")
        self.sources = dict(sources)
        self.size = size
        self.terms = Path(terms) if terms else None
        self.coverage = coverage
        self.max_records = max_records
        self.pad_to_multiple_of = pad_to_multiple_of

    def key(self) -> dict[str, Any]:
        """What decides the tokenizer, apart from the base."""
        return {
            **super().key(),
            "sources": {name: source.key() for name, source in self.sources.items()},
            "terms": file_key(self.terms) if self.terms else None,
            "size": self.size,
            "coverage": self.coverage,
            "max_records": self.max_records,
            "pad_to_multiple_of": self.pad_to_multiple_of,
        }

    def check(self) -> None:
        """Raise UserError if a file of the corpus or the list of terms is not there, or a term is malformed."""
        for source in self.sources.values():
            source.check()
        if self.terms:
            read_terms(self.terms)

    def write_tokenizer(self, base: str, directory: Path) -> None:
        """Extend the base's tokenizer, and write its directory with its fertility report.

        Raises:
            UserError: the base's tokenizer cannot be extended, the corpus has no Chinese, or `size` is too small.
        """
        folder = locate_base(base, weights=False)
        before = read_kind(folder)
        terms = read_terms(self.terms) if self.terms else []
        after = before.extend(self._texts(), terms, size=self.size, coverage=self.coverage)
        added = len(after) - len(before)
        if added < self.size:
            log.warning("the corpus gave only %d of %d new pieces", added, self.size)
        after.write(directory, template=self.template)
        report = report_fertility(
            directory,
            before=before,
            after=after,
            texts=self._held_out_texts(),
            terms=terms,
            parameters_added=added * _parameters_per_row(folder),
        )
        if split := report["terms_split"]["after"]:
            log.warning("%d terms are still split: %s", len(split), "、".join(split[:10]))
        (directory / "fertility.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")

    def _texts(self) -> Iterator[str]:
        for name, source in self.sources.items():
            for record in islice(read_source(source, Rejections(), name=name), self.max_records):
                if not source.holds_out(record):
                    yield _as_text(record)

    def _held_out_texts(self) -> dict[str, list[str]]:
        texts: dict[str, list[str]] = {}
        for name, source in self.sources.items():
            texts[name] = []
            for record in read_source(source, Rejections(), name=name):
                if source.holds_out(record):
                    texts[name].append(_as_text(record))
                if len(texts[name]) == MEASURED:
                    break
        return texts


def _as_text(record: Record) -> str:
    if isinstance(record, Instruction):
        thought = [record.reasoning] if record.reasoning else []
        return "\n".join([*thought, *(message["content"] for message in record.messages())])
    return record.text


def _parameters_per_row(folder: Path) -> int:
    config = AutoConfig.from_pretrained(folder)
    return int(config.hidden_size) * (1 if config.tie_word_embeddings else 2)
