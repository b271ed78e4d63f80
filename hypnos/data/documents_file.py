"""Writes documents into one Arrow file, in groups of one size whatever batches they come in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from datasets import Features

from hypnos.data.batch import COLUMNS

SCHEMA = Features.from_arrow_schema(COLUMNS).arrow_schema
"""The columns, and what `datasets` keeps beside them."""

GROUP = 1000
"""Documents of a group, which is read at once."""


class DocumentsFile:
    """An Arrow stream as `datasets` maps it into memory. See `open_documents`."""

    def __init__(self, writer: pa.RecordBatchStreamWriter) -> None:
        self._writer = writer
        self._waiting: list[pa.RecordBatch] = []
        self._count = 0

    def write(self, documents: pa.RecordBatch) -> None:
        """Add documents; they are on disk when their group is full, or the file is closed."""
        self._waiting.append(documents)
        self._count += documents.num_rows
        if self._count >= GROUP:
            self._flush(self._count // GROUP * GROUP)

    def close(self) -> None:
        """Write what waits."""
        self._flush(self._count)

    def _flush(self, count: int) -> None:
        table = pa.Table.from_batches(self._waiting, COLUMNS)
        for start in range(0, count, GROUP):
            group = table.slice(start, min(GROUP, count - start)).combine_chunks()
            self._writer.write_table(group.cast(SCHEMA))
        rest = table.slice(count).combine_chunks()
        self._waiting = rest.to_batches()
        self._count = rest.num_rows


@contextmanager
def open_documents(file: Path) -> Iterator[DocumentsFile]:
    """Write a file of documents, whole when the block ends."""
    with file.open("wb") as stream, pa.ipc.new_stream(stream, SCHEMA) as writer:
        documents = DocumentsFile(writer)
        yield documents
        documents.close()
