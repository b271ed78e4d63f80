import struct

import pytest

from hypnos.errors import UserError
from hypnos.tuning.gguf.first_token import adds_first_token


def text(words):
    raw = words.encode()
    return struct.pack("<Q", len(raw)) + raw


def write(file, **values):
    """A GGUF file of a head alone: numbers of all sizes and lists among its values, as real ones have."""
    parts = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("llama.rope.freq_base") + struct.pack("<If", 6, 1e4),
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("<s>") + text("气"),
        text("tokenizer.ggml.token_type") + struct.pack("<IIQ2i", 9, 5, 2, 3, 1),
    ]
    for name, value in values.items():
        kind = struct.pack("<I?", 7, value) if isinstance(value, bool) else struct.pack("<I", 8) + text(value)
        parts.append(text(f"tokenizer.ggml.{name}") + kind)
    file.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, len(parts)) + b"".join(parts))
    return file


@pytest.mark.parametrize(
    ("values", "adds"),
    [
        ({"model": "llama"}, True),
        ({"model": "llama", "add_bos_token": False}, False),
        ({"model": "gpt2", "pre": "smollm"}, False),
        ({"model": "gpt2", "pre": "smollm", "add_bos_token": True}, True),
        ({"model": "gpt2", "pre": "llama-bpe"}, True),
        ({"model": "gpt2", "pre": "llama-bpe", "add_bos_token": False}, False),
    ],
)
def test_the_file_says_it_or_else_its_rules_do(tmp_path, values, adds):
    assert adds_first_token(write(tmp_path / "a.gguf", **values)) is adds


@pytest.mark.parametrize("content", [b"", b"PK other bytes than these are asked for", b"GGUF"])
def test_another_file_is_one_line(tmp_path, content):
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(UserError, match="no GGUF file that can be read"):
        adds_first_token(tmp_path / "a.gguf")
