"""Reads of a GGUF file whether an engine puts the token that begins a text before a prompt by itself."""

import struct
from pathlib import Path
from typing import Any, BinaryIO

from hypnos.errors import UserError

_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9

_RULES_THAT_BEGIN = (
    *("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"),
    *("tekken", "chameleon"),
)
"""Rules of byte-level tokenizers with which llama.cpp adds the token where the file does not say."""


def adds_first_token(file: Path) -> bool:
    """Whether an engine adds it: as the file says, or else as llama.cpp takes a file that does not.

    Raises:
        UserError: it is no GGUF file.
    """
    try:
        with file.open("rb") as stream:
            values = _read_values(stream)
    except (OSError, struct.error, KeyError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: no GGUF file that can be read ({error})") from error
    said = values.get("tokenizer.ggml.add_bos_token")
    if said is not None:
        return bool(said)
    is_sentencepiece = values.get("tokenizer.ggml.model") == "llama"
    return is_sentencepiece or values.get("tokenizer.ggml.pre") in _RULES_THAT_BEGIN


def _read_values(stream: BinaryIO) -> dict[str, Any]:
    """All values of a file's head but its lists, by name; tensors stand behind them, and are left."""
    mark, _, _, count = struct.unpack("<4sIQQ", stream.read(24))
    if mark != b"GGUF":
        raise KeyError(f"it begins with {mark!r}")
    return {_read_text(stream): _read_value(stream, _unpack(stream, "I")) for _ in range(count)}


def _read_value(stream: BinaryIO, kind: int) -> Any:
    if kind == _TEXT:
        return _read_text(stream)
    if kind != _ARRAY:
        return _unpack(stream, _FORMATS[kind])
    of, count = struct.unpack("<IQ", stream.read(12))
    if of in _FORMATS:
        stream.seek(count * struct.calcsize(f"<{_FORMATS[of]}"), 1)
    else:
        for _ in range(count):
            _read_value(stream, of)
    return None


def _read_text(stream: BinaryIO) -> str:
    return stream.read(_unpack(stream, "Q")).decode("utf-8", "replace")


def _unpack(stream: BinaryIO, kind: str) -> Any:
    return struct.unpack(f"<{kind}", stream.read(struct.calcsize(f"<{kind}")))[0]
