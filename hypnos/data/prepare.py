"""Reads, encodes and stores documents: a step of its own, cached by content, with flat memory."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import Features, Value
from datasets import List as ListOf
from datasets.arrow_writer import ArrowWriter
from transformers import PreTrainedTokenizerFast

from hypnos.corpus.decisions import decider
from hypnos.corpus.files import read_rows
from hypnos.corpus.records import Record, Rejections
from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source, read_source
from hypnos.data.encode import Document, Encoder, TooLong
from hypnos.data.pairs.encode import encode_pairs
from hypnos.data.pairs.preference import Preference
from hypnos.data.preview import mark_loss_tokens
from hypnos.errors import UserError

log = logging.getLogger(__name__)

LOSS_MASK, LOSS_TOKENS = "learnt", "learnt_tokens"
"""Columns of the loss mask and of its sum; the names stay, as sets that were tokenised before have them."""

FEATURES = Features(
    {
        "input_ids": ListOf(Value("int32")),
        LOSS_MASK: ListOf(Value("bool")),
        "length": Value("int32"),
        LOSS_TOKENS: Value("int32"),
        "characters": Value("int32"),
        "truncated": Value("bool"),
    }
)
BATCH = 1000
SHOWN = 3
"""Documents of each source in the preview."""

HELD_OUT = "heldout"
RECORDS = "heldout.json"
"""Names the record and the group of each held-out document, so that two models can be compared record by record."""


def prepare(
    directory: Path,
    *,
    sources: Mapping[str, Source],
    tokenizer: PreTrainedTokenizerFast,
    max_length: int,
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
        tokenizer: with its chat template.
        max_length: tokens of the longest document.
        max_heldout: keep at most this many held-out records; the others are not trained on either.
        heldout_only: pass over what is not held out; a large training set need not be encoded to be measured by.
        selections: by source, what of its records passes.

    Raises:
        UserError: a source cannot be read, or more of it is unusable than its `max_rejected` allows.
    """
    encoder = Encoder(tokenizer, max_length=max_length)
    report: dict[str, Any] = {"sources": {}}
    measured: dict[str, list[str]] = {"records": [], "groups": []}
    preview: list[str] = []
    with ArrowWriter(path=str(directory / f"{HELD_OUT}.arrow"), features=FEATURES) as held_out:
        kept = 0
        for name, source in sources.items():
            rejections = Rejections()
            unselected: Counter[str] = Counter()
            shown = 0
            tally = {"records": 0, "held_out": 0, "documents": 0, "truncated": 0, "tokens": 0, LOSS_TOKENS: 0}
            with ArrowWriter(path=str(directory / f"{name}.arrow"), features=FEATURES) as train:
                passes = _passes(source, (selections or {}).get(name), unselected)
                records = read_source(source, rejections, name=name, passes=passes)
                if heldout_only:
                    records = filter(source.holds_out, records)
                for record, documents in _encode(encoder, records, rejections):
                    tally["records"] += 1
                    aside = source.holds_out(record)
                    tally["held_out"] += aside
                    if aside and max_heldout is not None and kept >= max_heldout:
                        continue
                    kept += aside
                    for document in documents:
                        (held_out if aside else train).write(_row(document))
                        _count(tally, document)
                        if aside:
                            measured["records"].append(f"{name}/{record.id}")
                            measured["groups"].append(f"{name}/{record.group or record.id}")
                        if not aside and shown < SHOWN:
                            shown += 1
                            preview.append(f"[{name}] {mark_loss_tokens(tokenizer, document)}")
                train.finalize()
            _check(source, rejections, max_length)
            log.info(
                "%s: %d records, %d unusable; of %d documents %.1f %% lost text to max_length %d",
                *(name, tally["records"], rejections.total, tally["documents"]),
                *(100 * tally["truncated"] / max(tally["documents"], 1), max_length),
            )
            if unselected:
                log.info("%s: not selected: %s", name, ", ".join(f"{n} {why}" for why, n in unselected.most_common()))
            faults = {"rejected": rejections.counts, "examples": rejections.examples}
            report["sources"][name] = tally | {"unselected": unselected} | faults
        held_out.finalize()
    (directory / RECORDS).write_text(json.dumps(measured, ensure_ascii=False), "utf-8")
    (directory / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    (directory / "preview.txt").write_text("\n\n".join(preview) + "\n", "utf-8")


def _passes(
    source: Source, selection: Selection | None, unselected: Counter[str]
) -> Callable[[Mapping[str, Any]], bool]:
    """Apply a selection to the rows of a source, counting what does not pass by reason."""

    def rows() -> Iterator[Mapping[str, Any]]:
        return (row for _, row in read_rows(source.path, encoding=source.encoding) if isinstance(row, Mapping))

    decide = decider(selection, rows) if selection is not None else lambda row: None

    def passes(row: Mapping[str, Any]) -> bool:
        reason = source.leaves_out(row) or decide(row)
        if reason is not None:
            unselected[reason] += 1
        return reason is None

    return passes


def _encode(
    encoder: Encoder, records: Iterable[Record], rejections: Rejections
) -> Iterator[tuple[Record, list[Document]]]:
    stream = iter(records)
    while batch := list(islice(stream, BATCH)):
        encode = partial(encode_pairs, encoder) if isinstance(batch[0], Preference) else encoder.encode
        for record, result in zip(batch, encode(batch), strict=True):
            if isinstance(result, TooLong):
                rejections.add(f"record {record.id}", result.reason)
            else:
                yield record, result


def _row(document: Document) -> dict[str, Any]:
    return {
        "input_ids": document.input_ids,
        LOSS_MASK: document.loss_mask,
        "length": len(document.input_ids),
        LOSS_TOKENS: sum(document.loss_mask),
        "characters": document.characters,
        "truncated": document.truncated,
    }


def _count(tally: dict[str, int], document: Document) -> None:
    tally["documents"] += 1
    tally["truncated"] += document.truncated
    tally["tokens"] += len(document.input_ids)
    tally[LOSS_TOKENS] += sum(document.loss_mask)


def _check(source: Source, rejections: Rejections, max_length: int) -> None:
    if rejections.total > source.max_rejected * rejections.seen:
        worst = rejections.examples[0]
        raise UserError(
            f"{source.path}: {rejections.total} of {rejections.seen} records are unusable with max_length "
            f"{max_length} (max_rejected is {source.max_rejected}); first: {worst['where']}: {worst['reason']}"
        )
