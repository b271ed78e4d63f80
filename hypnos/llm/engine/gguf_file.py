"""Reads of a GGUF file what has to be known before a server of it is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.errors import UserError

_NO_TEXT = (2, 3)
"""What GGUF calls tokens that are no text: the unknown one, and those that end a turn and the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """A model in one file.

    Attributes:
        file: where it lies.
        context: tokens that it was made for.
        control: tokens that a server reads as such wherever they stand in a text.
        template: its chat template; None where it has none.
    """

    file: Path
    context: int
    control: tuple[str, ...]
    template: str | None


def read_gguf(path: Path) -> GgufFile:
    """Read the head of a file; its weights are left.

    Raises:
        UserError: it is not there, is no GGUF file, or the library that reads it is not installed.
    """
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise UserError("models: gguf:<file> needs a library: pip install -e '.[gguf]'") from error
    if not path.is_file():
        raise UserError(f"gguf:{path}: no such file")
    try:
        fields = GGUFReader(path).fields
        values = {name: _value(fields, name) for name in ("general.architecture", "tokenizer.chat_template")}
        context = _value(fields, f"{values['general.architecture']}.context_length")
        pieces = _value(fields, "tokenizer.ggml.tokens") or []
        types = _value(fields, "tokenizer.ggml.token_type") or []
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise UserError(f"gguf:{path}: no GGUF file that can be read ({str(error).splitlines()[0]})") from error
    return GgufFile(
        file=path,
        context=int(context or 4096),
        control=tuple(piece for piece, kind in zip(pieces, types) if kind in _NO_TEXT),
        template=values["tokenizer.chat_template"],
    )


def _value(fields: Any, name: str) -> Any:
    return fields[name].contents() if name in fields else None
