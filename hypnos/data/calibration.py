"""Writes the documents by which AWQ sees which weights matter: records as the stage is asked and answers."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hypnos.artefacts.tokenizer_file import read_tokenizer_file
from hypnos.corpus.records import Rejections
from hypnos.corpus.sources import Source, read_source
from hypnos.data.encode import Document, Encoder
from hypnos.errors import UserError

DOCUMENTS, LENGTH = 256, 512
"""As many as AWQ's authors and llm-compressor's examples take, and the tokens of the longest."""


def write_documents(records: str, stage: Path, file: Path) -> None:
    """Write the token ids of the first records, a document a line.

    Args:
        records: any source of `train.py`; what it was trained on, or what it will be asked.
        stage: whose tokenizer and template make tokens of them.
        file: JSON Lines.

    Raises:
        UserError: the source cannot be read, or holds no record that fits.
    """
    encoder = Encoder(read_tokenizer_file(stage), max_length=LENGTH)
    lines = [json.dumps(document.input_ids) for document in islice(_documents(records, encoder), DOCUMENTS)]
    if not lines:
        raise UserError(f"--calibrate {records}: no record of it fits into {LENGTH} tokens")
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _documents(records: str, encoder: Encoder) -> Iterator[Document]:
    for record in read_source(Source(records), Rejections(), name="calibrate"):
        for documents in encoder.encode([record]):
            yield from documents if isinstance(documents, list) else ()
