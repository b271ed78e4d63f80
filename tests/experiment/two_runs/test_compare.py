"""Two runs as one reads them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.experiment.two_runs.compare import compare_runs

ROOT = Path(__file__).parents[3]


def test_everything_stands_in_one_text(evaluated):
    right, wrong = evaluated("right", [1.0] * 8), evaluated("wrong", [0.0] * 8)
    text = compare_runs(right.folder, wrong.folder)
    assert "['right']" in text and "['wrong']" in text
    assert "Code: the same commit and versions" in text
    assert "key of right" in text and "≠" in text
    assert "100.0" in text and "0.008" in text  # 2 of 2 ** 8 swaps


def test_runs_of_two_commands_are_refused(evaluated, start_run):
    other = start_run("other", "filter", {})
    (other / "outcome.json").write_text(json.dumps({}))
    with pytest.raises(UserError, match=r"of evaluate\.py, and .* of filter\.py"):
        compare_runs(evaluated("one", [1.0] * 8).folder, other)


@pytest.mark.slow
def test_two_real_evaluations_of_files_of_answers(tmp_path):
    """As a user would: both commands as processes, then theirs side by side."""
    sample = (ROOT / "hypnos/sample/benchmark/anecq.jsonl").read_text("utf-8").splitlines()
    for name, right in (("good", 9), ("poor", 4)):
        rows = [
            {"task": "anecq", "id": row["id"], "answer": f"答案：{row['answer'] if at % 10 < right else 'Z'}"}
            for at, row in enumerate(map(json.loads, sample))
        ]
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8"
        )
        command = [sys.executable, "evaluate.py", "tasks=[anecq]", f"models=[answers:{tmp_path}/{name}.jsonl]"]
        command += [f"paths.artefacts={tmp_path}/artefacts", f"hydra.run.dir={tmp_path}/{name}"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    command = [sys.executable, "-m", "hypnos.compare", str(tmp_path / "good"), str(tmp_path / "poor")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "Code: the same commit and versions" in done.stdout
    line = next(line for line in done.stdout.splitlines() if line.startswith("Accuracy"))
    assert "< 0.001" in line and " good " in line and " poor " in line
    refused = subprocess.run([*command[:-1], str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and refused.stderr.startswith("error:")
