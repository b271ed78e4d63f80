"""The files of a Hugging Face directory that belong to its tokenizer."""

import shutil
from pathlib import Path

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
)


def tokenizer_files(directory: Path) -> list[Path]:
    """Those of the files that are there."""
    return [directory / name for name in TOKENIZER_FILES if (directory / name).is_file()]


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy a tokenizer byte by byte, so that every stage of a run shares the same one."""
    for file in tokenizer_files(source):
        shutil.copyfile(file, target / file.name)
