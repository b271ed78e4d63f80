"""Marks copies of records that must not leave the machine: what counts is what is written, not where a mark stands."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hypnos.corpus.likeness.local_words import LocalWords
from hypnos.corpus.likeness.ngrams import batches
from hypnos.curation.pipeline.blocks import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import RowsOf, sift_block
from hypnos.curation.pipeline.step import RecordRow, Reject, Step
from hypnos.curation.similarity.decontaminate import whole_text

VERSION = 2

MARKED = "copies of local records, marked local"


class MarkLocal(Step):
    """The step `mark_local`, which runs by itself where some records that were read have the mark and others have none.

    A record that carries the words of a local one (see `LocalWords`) becomes local itself, before any step sends, and
    before `deduplicate` keeps the first of two copies and drops the one with the mark.
    """

    name = "mark_local"

    def key(self) -> dict[str, Any]:
        return {"version": VERSION}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields every row; `rows` is read three times, so it must be an iterable that begins anew."""
        words = words_of_local(rows)
        for batch, _ in batches(rows, whole_text):
            mark(batch, words)
            yield from batch

    def block_work(self, source: Path) -> BlockWork:
        return MarkLocalBlocks(self.name, words_of_local(RowsOf(source)))


class MarkLocalBlocks(BlockWork):
    """Looks at each block by itself."""

    spread = False
    """The words would have to be copied to each worker."""

    def __init__(self, name: str, words: LocalWords) -> None:
        self.name = name
        self.words = words

    def work(self, block: bytes) -> BlockResult:
        marked = 0

        def sift(rows: Sequence[RecordRow], reject: Reject) -> Iterable[RecordRow]:
            nonlocal marked
            marked = mark(rows, self.words)
            return rows

        result = sift_block(block, self.name, sift)
        if marked:
            result.notes["marked"] = Counter({MARKED: marked})
        return result


def words_of_local(rows: Iterable[RecordRow]) -> LocalWords:
    """The words of the records that have the mark, but for a system turn that stands above records without it too.

    Args:
        rows: read twice.
    """
    open_turns = {hash(str(row["system"])) for row in rows if row.get("system") and not _is_local(row)}

    def closed(row: RecordRow) -> RecordRow:
        return {**row, "system": ""} if hash(str(row.get("system"))) in open_turns else row

    return LocalWords(whole_text(closed(row)) for row in rows if _is_local(row))


def mark(rows: Sequence[RecordRow], words: LocalWords) -> int:
    """Mark those without the mark that carry such words; returns how many."""
    without = [row for row in rows if not _is_local(row)]
    carries = words.carried_by([whole_text(row) for row in without])
    copies = [row for row, carried in zip(without, carries.tolist(), strict=True) if carried]
    for row in copies:
        row["egress"] = "local"
    return len(copies)


def _is_local(row: RecordRow) -> bool:
    return row.get("egress", "any") != "any"


def holds_both(path: Path) -> bool:
    """Whether a file of rows, as steps write them, has local records and others."""
    local = others = False
    with path.open("rb") as stream:
        for line in stream:
            # In a text of JSON these signs cannot stand so: its quotation marks are escaped.
            if b'"egress":"local"' in line:
                local = True
            else:
                others = True
            if local and others:
                return True
    return False
