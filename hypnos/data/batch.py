"""Makes of a batch of records the columns of its documents, small enough to be handed from one process to another."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hypnos.corpus.records import Record, Rejections
from hypnos.corpus.sources import is_held_out
from hypnos.data.encode import Document, Encoder, TooLong

LOSS_MASK, LOSS_TOKENS = "learnt", "learnt_tokens"
"""Columns of the loss mask and of its sum; the names stay, as sets that were tokenised before have them."""

COLUMNS = pa.schema(
    {
        "input_ids": pa.list_(pa.int32()),
        LOSS_MASK: pa.list_(pa.bool_()),
        "length": pa.int32(),
        LOSS_TOKENS: pa.int32(),
        "characters": pa.int32(),
        "truncated": pa.bool_(),
    }
)

AT_ONCE = 250
"""Records whose encodings are held at once: they take some 30 times the memory of their tokens."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that were read one after another, and what could not be read among them."""

    records: list[Record]
    rejections: Rejections


@dataclass(frozen=True, slots=True)
class HeldOutRecord:
    """Names a held-out record and its group, and counts its documents."""

    id: str
    group: str
    documents: int


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """The documents of a batch, in the order of its records.

    Attributes:
        records: how many gave documents, held out or not.
        train: `COLUMNS` of what is trained on.
        held_out: `COLUMNS` of what is held out.
        held_out_records: which these are.
        rejections: what could not be read, then what could not be encoded.
    """

    records: int
    train: pa.RecordBatch
    held_out: pa.RecordBatch
    held_out_records: list[HeldOutRecord]
    rejections: Rejections


def encode_batch(encoder: Encoder, batch: Batch, *, holdout: float) -> EncodedBatch:
    """Encode a batch.

    Args:
        encoder: of the tokenizer.
        batch: records of one source.
        holdout: share of the source's groups that are kept from training.
    """
    train, held_out = _Columns(), _Columns()
    held_out_records = []
    encoded = 0
    for start in range(0, len(batch.records), AT_ONCE):
        records = batch.records[start : start + AT_ONCE]
        for record, documents in zip(records, encoder.encode(records), strict=True):
            if isinstance(documents, TooLong):
                batch.rejections.add(f"record {record.id}", documents.reason)
                continue
            encoded += 1
            if is_held_out(record.group, holdout):
                held_out.add(documents)
                held_out_records.append(HeldOutRecord(record.id, record.group or record.id, len(documents)))
            else:
                train.add(documents)
    return EncodedBatch(encoded, train.to_arrow(), held_out.to_arrow(), held_out_records, batch.rejections)


class _Columns:
    """Gathers documents in flat arrays: as lists of lists they would take ten times the memory, and longer."""

    def __init__(self) -> None:
        self._tokens = array("i")
        self._mask = bytearray()
        self._lengths = array("i")
        self._loss_tokens = array("i")
        self._characters = array("i")
        self._truncated = bytearray()

    def add(self, documents: Iterable[Document]) -> None:
        """Add documents after those that are there."""
        for document in documents:
            self._tokens.extend(document.input_ids)
            self._mask += bytes(document.loss_mask)
            self._lengths.append(len(document.input_ids))
            self._loss_tokens.append(sum(document.loss_mask))
            self._characters.append(document.characters)
            self._truncated.append(document.truncated)

    def to_arrow(self) -> pa.RecordBatch:
        """All of them: `COLUMNS`."""
        offsets = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int32)
        arrays = [
            pa.ListArray.from_arrays(offsets, np.frombuffer(self._tokens, np.int32)),
            pa.ListArray.from_arrays(offsets, np.frombuffer(self._mask, np.bool_)),
            *(pa.array(np.frombuffer(c, np.int32)) for c in (self._lengths, self._loss_tokens, self._characters)),
            pa.array(np.frombuffer(self._truncated, np.bool_)),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=COLUMNS)
