import pytest

from hypnos.errors import UserError
from hypnos.tuning.gguf.files import LlamaCpp, write_files

CONVERTER = """
import argparse, pathlib, sys
from conversion.base import TextModel
p = argparse.ArgumentParser(); p.add_argument("model"); p.add_argument("--outtype"); p.add_argument("--outfile")
a = p.parse_args()
rules = TextModel().get_vocab_base_pre(None)
weights = pathlib.Path(a.model, "model.safetensors").read_text()
pathlib.Path(a.outfile).write_text(f"{a.outtype} {rules}{weights}")
if a.outtype == "bf16":
    sys.exit("no such type today")
"""
BASE = """
class TextModel:
    def get_vocab_base_pre(self, tokenizer):
        raise NotImplementedError("BPE pre-tokenizer was not recognized - update get_vocab_base_pre()")
"""
QUANTISER = '#!/bin/sh\nprintf \'%s \' "$3" > "$2"; cat "$1" >> "$2"\n'


@pytest.fixture
def checkout(tmp_path):
    """A folder laid out as llama.cpp's, with a converter that writes down what it was asked."""
    folder = tmp_path / "llama.cpp"
    (folder / "conversion").mkdir(parents=True)
    (folder / "build/bin").mkdir(parents=True)
    (folder / "convert_hf_to_gguf.py").write_text(CONVERTER)
    (folder / "conversion/base.py").write_text(BASE)
    (folder / "build/bin/llama-quantize").write_text(QUANTISER)
    (folder / "build/bin/llama-quantize").chmod(0o755)
    return folder


@pytest.fixture
def stage(tmp_path):
    folder = tmp_path / "stage"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_text("")
    return folder


def test_each_type_is_written_by_who_can(checkout, stage, tmp_path):
    out = tmp_path / "out"
    llama_cpp = LlamaCpp(folder=checkout, rules="qwen2")
    files = write_files(stage, ["q8_0", "q4_k_m"], out, llama_cpp=llama_cpp)
    assert [file.read_text() for file in files] == ["q8_0 qwen2", "Q4_K_M f16 qwen2"]
    assert sorted(file.name for file in out.glob("*.gguf")) == ["stage-q4_k_m.gguf", "stage-q8_0.gguf"]
    assert not list(out.glob(".*"))


def test_a_file_is_made_anew_where_weights_tokenizer_or_rules_are_others(checkout, stage, tmp_path):
    def write(rules="qwen2"):
        files = write_files(
            stage, ["f16", "q4_k_m"], tmp_path / "out", llama_cpp=LlamaCpp(folder=checkout, rules=rules)
        )
        return [(file.read_text(), file.stat().st_ino) for file in files]

    first = write()
    (stage / "README.md").write_text("a card")
    assert write() == first  # nothing that decides it has changed
    (stage / "model.safetensors").write_text(" new")
    second = write()
    assert [text for text, _ in second] == ["f16 qwen2 new", "Q4_K_M f16 qwen2 new"]
    assert [text for text, _ in write("smollm")] == ["f16 smollm new", "Q4_K_M f16 smollm new"]
    (stage / "tokenizer.json").write_text("[]")
    assert {number for _, number in write()}.isdisjoint(number for _, number in second)


def test_a_whole_file_in_f16_of_other_weights_is_not_quantised(checkout, stage, tmp_path):
    llama_cpp = LlamaCpp(folder=checkout, rules="qwen2")
    (old,) = write_files(stage, ["f16"], tmp_path / "out", llama_cpp=llama_cpp)
    (stage / "model.safetensors").write_text(" new")
    (tmp_path / "out/.stage-f16.gguf.partial").write_text("what a killed run left")
    (file,) = write_files(stage, ["q4_k_m"], tmp_path / "out", llama_cpp=llama_cpp)
    assert file.read_text() == "Q4_K_M f16 qwen2 new" and old.read_text() == "f16 qwen2"


@pytest.mark.parametrize(
    ("break_it", "types", "line"),
    [
        (lambda c, s: (c / "convert_hf_to_gguf.py").unlink(), ["q8_0"], "no checkout of llama.cpp"),
        (lambda c, s: (c / "build/bin/llama-quantize").unlink(), ["q4_k_m"], "q4_k_m: needs llama-quantize"),
        (lambda c, s: (s / "config.json").unlink(), ["q8_0"], "no whole model with its tokenizer"),
        (lambda c, s: None, ["bf16"], "llama.cpp refuses: no such type today$"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(checkout, stage, tmp_path, break_it, types, line):
    break_it(checkout, stage)
    with pytest.raises(UserError, match=line):
        write_files(stage, types, tmp_path / "out", llama_cpp=LlamaCpp(folder=checkout, rules="qwen2"))
    assert not (tmp_path / "out").is_dir() or not list((tmp_path / "out").iterdir())
