"""Makes of a batch of records the columns of its documents, small enough to be handed from one process to another."""

from dataclasses import dataclass

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

AT_ONCE = 100
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
    train: list[Document] = []
    held_out: list[Document] = []
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
                held_out += documents
                held_out_records.append(HeldOutRecord(record.id, record.group or record.id, len(documents)))
            else:
                train += documents
    return EncodedBatch(encoded, _columns(train), _columns(held_out), held_out_records, batch.rejections)


def _columns(documents: list[Document]) -> pa.RecordBatch:
    columns = [
        [document.input_ids for document in documents],
        [document.loss_mask for document in documents],
        [len(document.input_ids) for document in documents],
        [sum(document.loss_mask) for document in documents],
        [document.characters for document in documents],
        [document.truncated for document in documents],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, COLUMNS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=COLUMNS)
