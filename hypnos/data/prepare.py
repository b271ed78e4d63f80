"""Reads, encodes and stores documents: a step of its own, cached by content, with flat memory."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pyarrow import RecordBatch

from hypnos.corpus.decisions import decider, score_off_scale
from hypnos.corpus.files import read_rows
from hypnos.corpus.records import Instruction, Record, Rejections, Unusable
from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source, read_source
from hypnos.data.batch import LOSS_MASK, LOSS_TOKENS, Batch, EncodedBatch
from hypnos.data.documents_file import DocumentsFile, open_documents
from hypnos.data.encode import Document
from hypnos.data.encoders import Encoders
from hypnos.data.preview import mark_loss_tokens
from hypnos.errors import UserError

log = logging.getLogger(__name__)

BATCH = 1000
SHOWN = 3
"""Documents of each source in the preview."""

HELD_OUT = "heldout"
RECORDS = "heldout.json"
"""Names the record and the group of each held-out document, so that two models can be compared record by record."""


class _HeldOut:
    """What is held out of all sources, up to a limit: its documents go into a file, its names stay here.

    Each source that holds records out has an equal share of the limit, or a large one would leave the others none.
    """

    def __init__(self, file: DocumentsFile, limit: int | None, sources: Sequence[str]) -> None:
        self.names: dict[str, list[str]] = {"records": [], "groups": []}
        self._file = file
        self._room = {
            name: None if limit is None else limit // len(sources) + (at < limit % len(sources))
            for at, name in enumerate(sources)
        }

    def add(self, source: str, batch: EncodedBatch) -> RecordBatch:
        """Take the held-out documents of a batch, as many as still have room, and give them back."""
        room = self._room.get(source)
        records = batch.held_out_records[:room]
        if room is not None:
            self._room[source] = room - len(records)
        documents = batch.held_out.slice(0, sum(record.documents for record in records))
        self._file.write(documents)
        for record in records:
            self.names["records"] += [f"{source}/{record.id}"] * record.documents
            self.names["groups"] += [f"{source}/{record.group}"] * record.documents
        return documents


def shares_key(sources: Mapping[str, Source], max_heldout: int | None) -> dict[str, Any]:
    """What stands in a key for the shares of held-out records: nothing where one source alone has them."""
    return {"heldout_shares": True} if max_heldout is not None and len(_holding_out(sources)) > 1 else {}


def prepare(
    directory: Path,
    *,
    sources: Mapping[str, Source],
    encoders: Encoders,
    max_heldout: int | None,
    heldout_only: bool = False,
    selections: Mapping[str, Selection] | None = None,
) -> None:
    """Encode all sources into one Arrow file each, and their held-out records into one more.

    Besides, `heldout.json` names the records of held-out documents, `report.json` counts records, tokens, truncated,
    unselected and unusable ones with their reasons, and `preview.txt` shows the first documents with what their loss
    masks hold.

    Args:
        directory: filled with the files.
        sources: by name.
        encoders: of the tokenizer.
        max_heldout: keep at most this many held-out records, as many of each source; the others are not trained on
            either.
        heldout_only: pass over what is not held out; a large training set need not be encoded to be measured by.
        selections: by source, what of its records passes.

    Raises:
        UserError: a source cannot be read, or more of it is unusable than its `max_rejected` allows.
    """
    report: dict[str, Any] = {"sources": {}}
    preview: list[str] = []
    with encoders, open_documents(directory / f"{HELD_OUT}.arrow") as file:
        held_out = _HeldOut(file, max_heldout, _holding_out(sources))
        for name, source in sources.items():
            rejections = Rejections()
            unselected: Counter[str] = Counter()
            shown: list[Document] = []
            special: dict[str, Record] = {}
            tally = {"records": 0, "held_out": 0, "documents": 0, "truncated": 0, "tokens": 0, LOSS_TOKENS: 0}
            with open_documents(directory / f"{name}.arrow") as train:
                passes = _passes(source, (selections or {}).get(name), unselected)
                batches = _batches(source, name=name, passes=passes, heldout_only=heldout_only, special=special)
                for batch in encoders.encode(batches, holdout=source.holdout):
                    rejections.merge(batch.rejections)
                    tally["records"] += batch.records
                    tally["held_out"] += len(batch.held_out_records)
                    train.write(batch.train)
                    for documents in (batch.train, held_out.add(name, batch)):
                        _count(tally, documents)
                    shown += _first(batch.train, SHOWN - len(shown))
            shown += [new for new in encoders.encode_here(special.values()) if new not in shown]
            preview += [f"[{name}] {mark_loss_tokens(encoders.tokenizer, document)}" for document in shown]
            _check(source, rejections, encoders.max_length)
            log.info(
                "%s: %d records, %d unusable; of %d documents %.1f %% lost text to max_length %d",
                *(name, tally["records"], rejections.total, tally["documents"]),
                *(100 * tally["truncated"] / max(tally["documents"], 1), encoders.max_length),
            )
            if unselected:
                log.info("%s: not selected: %s", name, _counted(unselected))
            if rejections.left_out:
                log.info("%s: left out: %s", name, _counted(rejections.left_out))
            faults = {"rejected": rejections.counts, "examples": rejections.examples}
            report["sources"][name] = tally | {"unselected": unselected, "left_out": rejections.left_out} | faults
    (directory / RECORDS).write_text(json.dumps(held_out.names, ensure_ascii=False), "utf-8")
    (directory / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    (directory / "preview.txt").write_text("\n\n".join(preview) + "\n", "utf-8")


def _passes(
    source: Source, selection: Selection | None, unselected: Counter[str]
) -> Callable[[Mapping[str, Any]], bool]:
    """Apply a selection to the rows of a source, counting what does not pass by reason.

    A score outside the scale is a fault of its row: as a missing score it would be told as a matter of selection.
    """

    def rows() -> Iterator[Mapping[str, Any]]:
        return (row for _, row in read_rows(source.path, encoding=source.encoding) if isinstance(row, Mapping))

    decide = decider(selection, rows) if selection is not None else lambda row: None

    def passes(row: Mapping[str, Any]) -> bool:
        if selection is not None and (fault := score_off_scale(selection, row)):
            raise Unusable(fault)
        reason = source.leaves_out(row) or decide(row)
        if reason is not None:
            unselected[reason] += 1
        return reason is None

    return passes


def _batches(
    source: Source,
    *,
    name: str,
    passes: Callable[[Mapping[str, Any]], bool],
    heldout_only: bool,
    special: dict[str, Record],
) -> Iterator[Batch]:
    """Records of a source as they come, and with each batch what could not be read since the one before."""
    rejections = Rejections()
    records = read_source(source, rejections, name=name, passes=passes)
    if heldout_only:
        records = filter(source.holds_out, records)
    while True:
        batch = list(islice(records, BATCH))
        _note_special(batch, source, special)
        yield Batch(batch, rejections.take())
        if len(batch) < BATCH:
            return


def _note_special(records: list[Record], source: Source, special: dict[str, Record]) -> None:
    """Keep the first record with a thought and the first with a system turn: the preview shows what becomes of them."""
    for record in records:
        if isinstance(record, Instruction) and (record.reasoning or record.system) and not source.holds_out(record):
            for name in ("reasoning", "system"):
                if getattr(record, name):
                    special.setdefault(name, record)


def _counted(reasons: Counter[str]) -> str:
    """Reasons with their numbers, the commonest first."""
    return ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())


def _count(tally: dict[str, int], documents: RecordBatch) -> None:
    sums = {"truncated": "truncated", "tokens": "length", LOSS_TOKENS: LOSS_TOKENS}
    tally["documents"] += documents.num_rows
    for counted, column in sums.items():
        tally[counted] += int(documents.column(column).to_numpy(zero_copy_only=False).sum())


def _first(documents: RecordBatch, count: int) -> list[Document]:
    rows = documents.slice(0, count).to_pylist()
    return [Document(row["input_ids"], row[LOSS_MASK], row["characters"], row["truncated"]) for row in rows]


def _check(source: Source, rejections: Rejections, max_length: int) -> None:
    if rejections.total > source.max_rejected * rejections.seen:
        worst = rejections.examples[0]
        raise UserError(
            f"{source.path}: {rejections.total} of {rejections.seen} records are unusable with max_length "
            f"{max_length} (max_rejected is {source.max_rejected}); first: {worst['where']}: {worst['reason']}"
        )


def _holding_out(sources: Mapping[str, Source]) -> list[str]:
    """Names of the sources that keep records from training."""
    return [name for name, source in sources.items() if source.holdout]
