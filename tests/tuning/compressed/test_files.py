import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.tuning.compressed.files import Compressor, write_compressed

REAL = os.environ.get("HYPNOS_COMPRESSOR", "")
"""An interpreter with llm-compressor: `make compressor` makes .engines/compressor/bin/python."""

STAND_IN = """#!/bin/sh
[ "$4" = awq ] && [ -e refuse ] && echo "noise" >&2 && echo "layers are 160 wide" >&2 && exit 1
mkdir "$3"
[ -n "$5" ] && wc -l < "$5" > "$3/documents"
echo "{\\"kind\\": \\"$4\\"}" > "$3/config.json"
"""


@pytest.fixture
def stage(tmp_path, directory):
    return shutil.copytree(directory, tmp_path / "stage")


@pytest.fixture
def compressor(tmp_path):
    """An interpreter that writes down what it was asked."""
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    return Compressor(python=python, write_documents=lambda file: file.write_text("[1, 2]\n[3]\n"))


def test_each_kind_is_a_folder_beside_the_stage_and_is_made_once(stage, compressor):
    fp8, awq = write_compressed(stage, ["fp8", "awq"], compressor=compressor)
    assert [folder.name for folder in (fp8, awq)] == ["stage-fp8", "stage-awq"]
    assert [json.loads((folder / "config.json").read_text())["kind"] for folder in (fp8, awq)] == ["fp8", "awq"]
    assert (awq / "documents").read_text().strip() == "2" and not (fp8 / "documents").exists()
    assert (fp8 / "tokenizer.json").read_bytes() == (stage / "tokenizer.json").read_bytes()
    (fp8 / "kept").touch()
    write_compressed(stage, ["fp8", "awq"], compressor=compressor)
    assert (fp8 / "kept").exists()
    other = replace(compressor, write_documents=lambda file: file.write_text("[4]\n"))
    with pytest.raises(UserError, match=r"stage-awq: was made with other records of --calibrate"):
        write_compressed(stage, ["awq"], compressor=other)


def test_what_is_refused_is_one_line_and_leaves_nothing(stage, compressor, tmp_path):
    compressor.python.write_text(STAND_IN.replace("-e refuse", "1"))
    before = {file.name for file in tmp_path.iterdir()}
    with pytest.raises(UserError, match=r"^--compressed awq: layers are 160 wide$"):
        write_compressed(stage, ["awq"], compressor=compressor)
    assert {file.name for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("kinds", "settings", "line"),
    [
        (["fp9"], {}, "--compressed fp9: know fp8, awq"),
        (["fp8"], {"python": Path("gone")}, "--compressor gone: no such interpreter: `make compressor` makes one"),
        (["awq"], {"python": Path(sys.executable)}, "--compressed awq: --calibrate names records"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_made(stage, kinds, settings, line):
    with pytest.raises(UserError, match=f"^{line}"):
        write_compressed(stage, kinds, compressor=Compressor(**settings))


def test_a_folder_that_is_no_whole_model_is_told(stage, compressor):
    (stage / "config.json").unlink()
    with pytest.raises(UserError, match="no whole model with its tokenizer"):
        write_compressed(stage, ["fp8"], compressor=compressor)


LOSSES = """
import json, sys, torch
from transformers import AutoModelForCausalLM
ids = torch.tensor([list(range(40, 200))])
with torch.no_grad():
    models = [AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32) for folder in sys.argv[1:]]
    print(json.dumps([float(model(ids, labels=ids).loss) for model in models]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="HYPNOS_COMPRESSOR names no interpreter with llm-compressor")
def test_fp8_by_the_real_library_says_nearly_what_the_stage_says(stage):
    (fp8,) = write_compressed(stage, ["fp8"], compressor=Compressor(python=Path(REAL)))
    assert json.loads((fp8 / "config.json").read_text())["quantization_config"]["format"] == "float-quantized"
    done = subprocess.run([REAL, "-c", LOSSES, str(stage), str(fp8)], capture_output=True, text=True, check=True)
    whole, compressed = json.loads(done.stdout.splitlines()[-1])
    assert compressed != whole and compressed == pytest.approx(whole, rel=0.02)
