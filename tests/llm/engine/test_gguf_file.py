import builtins

import pytest

from hypnos.errors import UserError
from hypnos.llm.engine.gguf_file import read_gguf


def test_the_head_of_a_file_is_read(tmp_path):
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_context_length(777)
    writer.add_token_list(["<unk>", "<s>", "</s>", "气", "<|x|>"])
    writer.add_token_types([2, 3, 3, 1, 4])
    writer.add_chat_template("{{ 气 }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    read = read_gguf(tmp_path / "m.gguf")
    assert (read.context, read.control, read.template) == (777, ("<unk>", "<s>", "</s>"), "{{ 气 }}")
    (tmp_path / "cut.gguf").write_bytes((tmp_path / "m.gguf").read_bytes()[:40])
    (tmp_path / "other.gguf").write_bytes(b"PK other bytes than these are asked for")
    for name in ("cut.gguf", "other.gguf"):
        with pytest.raises(UserError, match=rf"gguf:.*{name}: no GGUF file that can be read"):
            read_gguf(tmp_path / name)
    with pytest.raises(UserError, match=r"gguf:.*none.gguf: no such file"):
        read_gguf(tmp_path / "none.gguf")


def test_without_the_library_it_is_one_line(tmp_path, monkeypatch):
    whole = builtins.__import__

    def without(name, *rest, **more):
        if name == "gguf":
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"gguf:<file> needs a library: pip install -e '\.\[gguf\]'"):
        read_gguf(tmp_path / "m.gguf")
