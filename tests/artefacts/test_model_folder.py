from pathlib import Path

import pytest

from hypnos.artefacts.model_folder import copy_tokenizer, read_json, tokenizer_files
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not JSON"), ("", "not JSON"), ("[1]", "holds a list where a mapping is needed"), (None, "No such file")],
)
def test_json_that_is_none(content: str | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    if content is not None:
        file.write_text(content, "utf-8")
    with pytest.raises(UserError, match=f"config.json: {message}"):
        read_json(file)


def test_a_tokenizer_is_copied_byte_by_byte_and_nothing_else_is(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir(), target.mkdir()
    for name in ("tokenizer.model", "tokenizer.json", "config.json", "model.safetensors"):
        (source / name).write_bytes(name.encode() + b"\r\n\x00")
    assert [file.name for file in tokenizer_files(source)] == ["tokenizer.json", "tokenizer.model"]
    copy_tokenizer(source, target)
    assert {file.name: file.read_bytes() for file in target.iterdir()} == {
        "tokenizer.json": b"tokenizer.json\r\n\x00",
        "tokenizer.model": b"tokenizer.model\r\n\x00",
    }
