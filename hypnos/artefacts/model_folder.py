"""Copies the tokenizer of a Hugging Face directory, and reads its small JSON files."""

import json
import shutil
from pathlib import Path
from typing import Any

from hypnos.errors import UserError

STAGE = "stage.json"
"""What made a model of ours, in its directory; only models that train.py made have it."""

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
)


def tokenizer_files(directory: Path) -> list[Path]:
    """The files of a directory's tokenizer that are there."""
    return [directory / name for name in TOKENIZER_FILES if (directory / name).is_file()]


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy a tokenizer byte by byte, so that every stage of a run shares the same one."""
    for file in tokenizer_files(source):
        shutil.copyfile(file, target / file.name)


def read_json(file: Path) -> dict[str, Any]:
    """The mapping in one of a directory's small JSON files.

    Raises:
        UserError: the file is missing, or holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: {getattr(error, 'strerror', None) or f'not JSON: {error}'}") from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: holds a {type(content).__name__} where a mapping is needed")
    return content
