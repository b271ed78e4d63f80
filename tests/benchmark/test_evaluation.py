import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from hydra.utils import instantiate

from hypnos.benchmark.answerers import local_model as generation
from hypnos.benchmark.evaluation import run_evaluation
from hypnos.errors import UserError
from hypnos.report.wandb.report import WandbReport

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own(tmp_path, directory):
    """A folder with a model, small tasks, a file of answers, and the overrides that name them."""
    sample = ROOT / "hypnos/sample/benchmark"
    overrides = [
        *("tasks=[aneqa,anecq,anerc]", "tasks.aneqa.limit=6", "tasks.anecq.limit=40", "tasks.anerc.limit=6"),
        *("tasks.aneqa.max_new_tokens=8", "tasks.anerc.max_new_tokens=8", "tasks.anecq.max_new_tokens=6"),
        *(f"paths.artefacts={tmp_path}/artefacts", "entries.folder.rows=3"),
    ]
    rows = []
    for name in ("aneqa", "anecq", "anerc"):
        lines = (sample / f"{name}.jsonl").read_text("utf-8").splitlines()
        for row in map(json.loads, lines[:-1]):  # the last one is in no sample
            answer = f"答案：{row['answer']}" if name == "anecq" else row["answers"][0]
            rows.append({"task": name, "id": row["id"], "answer": answer})
    answers = tmp_path / "right.jsonl"
    answers.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return directory, answers, overrides


def evaluate(compose, overrides, output):
    output.mkdir(parents=True, exist_ok=True)
    run_evaluation(compose("evaluate", overrides), build=partial(instantiate, _convert_="all"), output=output)
    return (output / "report.md").read_text("utf-8")


@pytest.mark.slow
def test_models_and_tasks_end_in_one_report_and_nothing_is_answered_twice(own, compose, tmp_path, monkeypatch, capsys):
    directory, answers, overrides = own
    overrides = [*overrides, f"models=[{directory},answers:{answers}]", "likelihood=auto"]
    report = evaluate(compose, overrides, tmp_path / "one")
    printed = capsys.readouterr().out
    assert "right" in report and "anecq" in report
    rows = [json.loads(line) for line in (tmp_path / "one/predictions/right/anecq.jsonl").read_bytes().splitlines()]
    assert len(rows) == 40 and all(row["metrics"]["accuracy"] == 1.0 for row in rows)
    assert all(row["rule"] and row["choice"] for row in rows)
    assert "100.0 %" in printed and str(tmp_path / "one/report.html") in printed
    small = [
        json.loads(line)
        for line in (tmp_path / f"one/predictions/{directory.name}/anecq.jsonl").read_bytes().splitlines()
    ]
    assert {"accuracy", "accuracy_likelihood"} <= small[0]["metrics"].keys()

    monkeypatch.setattr(generation, "load_model", lambda *a, **k: pytest.fail("loaded although all is answered"))
    assert evaluate(compose, overrides, tmp_path / "two") == report


@pytest.mark.slow
def test_the_report_is_shared_only_on_request(own, compose, tmp_path, monkeypatch):
    _, answers, overrides = own
    sent = []
    monkeypatch.setattr(
        WandbReport, "publish", lambda self, report, *, results, models: sent.append((report.page, results))
    )
    chosen = [*overrides, f"models=[answers:{answers}]"]
    evaluate(compose, chosen, tmp_path / "one")
    assert not sent
    evaluate(compose, [*chosen, "publish=report"], tmp_path / "two")
    ((page, results),) = sent
    assert page == tmp_path / "two" / "report.html" and results.models == ("right",)


@pytest.mark.slow
def test_likelihood_in_every_way_stands_in_the_report_with_what_was_left_out(own, compose, tmp_path):
    directory, _, overrides = own
    chosen = ["tasks=[anecq]", "tasks.anecq.limit=200", "tasks.anecq.max_new_tokens=1", *overrides[-2:]]
    report = evaluate(
        compose, [*chosen, f"models=[{directory}]", "likelihood=[yes_no,texts,letters]"], tmp_path / "one"
    )
    assert "Likelihood: questions left out" in report
    numbers = (tmp_path / "one" / "numbers.csv").read_text("utf-8-sig")
    for name in ("accuracy_likelihood", "accuracy_texts", "accuracy_texts_per_char", "accuracy_yes_no"):
        assert f",{name}," in numbers
    rows = [
        json.loads(line)
        for line in next((tmp_path / "one").glob("predictions/*/anecq.jsonl")).read_bytes().splitlines()
    ]
    several = [row for row in rows if row["metrics"]["accuracy_texts"] is None]
    assert several and all(row["metrics"]["accuracy_yes_no"] is not None for row in several)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["likelihood=[letters]"], r"anecq with right: likelihood \(letters\) needs a model in a local folder"),
        (["likelihood=[word]"], r"likelihood: \['word'\]: must be auto or a list"),
        (["tasks.aneqa.limit=null"], r"right\.jsonl: no answer to 1 of 95 items of aneqa"),
        (["tasks.aneqa.metrics=[accuracy]"], r"aneqa\.metrics: accuracy does not fit questions of kind question"),
        (["ratings.files=[r1.json]"], r"ratings\.files: to which sheets do they belong"),
    ],
)
def test_what_does_not_fit_is_found_before_anything_is_answered(own, compose, tmp_path, more, named):
    _, answers, overrides = own
    with pytest.raises(UserError, match=named):
        evaluate(compose, [*overrides, f"models=[answers:{answers}]", *more], tmp_path / "one")


def command(folder: Path, directory: Path, overrides: list[str]) -> list[str]:
    return [
        sys.executable,
        str(ROOT / "evaluate.py"),
        *overrides,
        f"models=[{directory}]",
        f"hydra.run.dir={folder}/out",
    ]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_report_of_an_unbroken_one(own, directory, tmp_path):
    _, _, overrides = own
    model = shutil.copytree(directory, tmp_path / "model")
    long = [*overrides, "tasks.aneqa.limit=32", "tasks.aneqa.max_new_tokens=200", "entries.folder.rows=2"]
    reports = {}
    for name in ("whole", "broken"):
        folder = tmp_path / name
        folder.mkdir()
        given = [*[o for o in long if not o.startswith("paths")], f"paths.artefacts={folder}/artefacts"]
        if name == "broken":
            started = subprocess.Popen(
                command(folder, model, given), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            deadline = time.monotonic() + 300
            while not any(file.stat().st_size for file in folder.glob("artefacts/predictions/.*.partial/coming.jsonl")):
                assert started.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
            time.sleep(0.3)
            os.kill(started.pid, signal.SIGKILL)
            started.wait()
            assert not (folder / "out" / "report.md").exists()
            (coming,) = folder.glob("artefacts/predictions/.*.partial/coming.jsonl")
            kept = coming.read_bytes().count(b"\n")
            assert kept > 0
        done = subprocess.run(command(folder, model, given), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        if name == "broken":
            assert f"{kept} answers of model are there already" in done.stderr
        reports[name] = [(folder / "out" / file).read_bytes() for file in ("report.md", "report.tex", "report.csv")]
        reports[name] += [file.read_bytes() for file in sorted(folder.glob("out/predictions/*/*.jsonl"))]
    assert len(reports["whole"]) == 6
    assert reports["whole"] == reports["broken"]
