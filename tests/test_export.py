"""The command that writes a stage for other engines, with a folder laid out as llama.cpp's."""

import json
import re
import shutil

import pytest

from hypnos.export import main

CONVERTER = """
import argparse, pathlib, struct
p = argparse.ArgumentParser(); p.add_argument("model"); p.add_argument("--outtype"); p.add_argument("--outfile")
a = p.parse_args()
name = b"tokenizer.ggml.add_bos_token"
pair = struct.pack("<Q", len(name)) + name + struct.pack("<I?", 7, ADDS)
pathlib.Path(a.outfile).write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + pair)
"""


@pytest.fixture
def stage(spoken, tmp_path):
    folder = tmp_path / "mymodel"
    shutil.copytree(spoken, folder)
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def checkout(tmp_path):
    """Its converter writes a head which says whether an engine adds the first token."""

    def make(*, adds_first):
        folder = tmp_path / "llama.cpp"
        (folder / "conversion").mkdir(parents=True, exist_ok=True)
        (folder / "conversion/base.py").write_text("class TextModel:\n    get_vocab_base_pre = None\n")
        (folder / "convert_hf_to_gguf.py").write_text(CONVERTER.replace("ADDS", str(adds_first)))
        return str(folder)

    return make


@pytest.mark.parametrize(("adds_first", "begins"), [(False, "<s>{{ range"), (True, "{{ range")])
def test_the_modelfile_of_this_folder_begins_as_the_file_needs_it(
    stage, checkout, monkeypatch, capsys, adds_first, begins
):
    monkeypatch.chdir(stage)
    main([".", "--ollama", "--rules", "gpt-2", "--llama-cpp", checkout(adds_first=adds_first)])
    out = stage.with_name("mymodel-gguf")
    assert capsys.readouterr().out.split() == [str(out / "mymodel-q8_0.gguf"), str(out / "Modelfile")]
    text = (out / "Modelfile").read_text("utf-8")
    assert re.match(rf'FROM \./mymodel-q8_0\.gguf\nTEMPLATE """{re.escape(begins)}', text)
    assert 'PARAMETER stop "</s>"' in text


def test_a_tokenizer_without_eos_gives_a_modelfile_without_stops(stage, checkout):
    settings = json.loads((stage / "tokenizer_config.json").read_text("utf-8"))
    (stage / "tokenizer_config.json").write_text(json.dumps({**settings, "eos_token": None}), "utf-8")
    (stage / "special_tokens_map.json").unlink(missing_ok=True)
    template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[]{% endif %}"
    )
    (stage / "chat_template.jinja").write_text(template, "utf-8")
    main([str(stage), "--ollama", "--llama-cpp", checkout(adds_first=False)])
    text = (stage.with_name("mymodel-gguf") / "Modelfile").read_text("utf-8")
    assert "[user]" in text and "PARAMETER stop" not in text


def test_a_template_that_fails_is_one_line(stage, checkout, capsys):
    (stage / "chat_template.jinja").write_text("{{ raise_exception('only in pairs') }}", "utf-8")
    with pytest.raises(SystemExit):
        main([str(stage), "--ollama", "--llama-cpp", checkout(adds_first=False)])
    assert capsys.readouterr().err.strip().splitlines()[-1].endswith("the chat template fails: only in pairs")
