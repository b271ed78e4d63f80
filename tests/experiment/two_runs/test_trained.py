"""Two runs of train.py: what stages were made from, and held-out text record by record."""

import json

import pytest

from hypnos.experiment.sweep.arm_scores import write_scores
from hypnos.experiment.two_runs.folder import read_finished_run
from hypnos.experiment.two_runs.trained import code_of_stages, compare_trained, data_of_stages
from hypnos.report.results import Answers, Metric, Question, TaskQuestions

CHARACTERS = [10, 20, 30, 40, 10, 20, 30, 40]


@pytest.fixture
def trained(start_run, tmp_path):
    def make(name, bits, *, heldout="k", records=80, folder=None):
        folder = start_run(folder or name, "train", {"seed": 1})
        (folder / ".hydra/overrides.yaml").write_text("[]\n")
        counts = {"records": records, "held_out": 8, "truncated": 1, "learnt_tokens": 999, "unselected": {"low": 5}}
        stage = {"name": "anesthesia", "key": name * 20, "steps": 4, "directory": f"models/{name}"}
        stage["data"] = {"sources": {"anesthesia": counts}}
        (folder / "arm.json").write_text(json.dumps({"key": {"heldout": {"anesthesia": heldout}}, "stages": [stage]}))
        (folder / "results.json").write_text(json.dumps([{"name": "anesthesia", "measures": {}}]))
        document = {"records": [f"r{at}" for at in range(8)], "groups": [f"g{at}" for at in range(8)]}
        document |= {"characters": CHARACTERS, "bits": {"anesthesia": [b * c for b, c in zip(bits, CHARACTERS)]}}
        (folder / "records.json").write_text(json.dumps({"anesthesia": document}))
        made = tmp_path / "models" / name
        made.mkdir(parents=True)
        described = {"commit": f"commit of {name}", "versions": {"torch": "2"}, "parents": {"base": "b" * 40}}
        (made / "stage.json").write_text(json.dumps(described))
        return read_finished_run(folder, name)

    return make


def test_held_out_text_is_compared_over_the_same_characters(trained):
    first, second = trained("a", [5.0] * 8), trained("b", [6.0, 6.5, 6, 6.5, 6, 6.5, 6, 6.5], records=70)
    grids, notes, remarks = compare_trained(first, second)
    assert not remarks
    means = {label: cells[0].value for label, cells in grids[0].rows}
    expected = sum(b * c for b, c in zip([6.0, 6.5] * 4, CHARACTERS)) / sum(CHARACTERS)
    assert means == {"a": pytest.approx(5.0), "b": pytest.approx(expected)}
    comparison = notes[0].tests[0].comparison
    assert comparison.difference == pytest.approx(5 - expected)
    assert comparison.p == pytest.approx(2 / 2**8)  # every record points one way
    rows = [data_of_stages(run) for run in (first, second)]
    assert [row["anesthesia: anesthesia: records"] for row in rows] == [80, 70]
    assert rows[0]["anesthesia: anesthesia: unselected"] == 5 and rows[0]["anesthesia: from base"] == "b" * 16
    assert code_of_stages(second) == {"anesthesia: commit": "commit of b", "anesthesia: torch": "2"}


def test_other_held_out_text_is_said_and_not_compared(trained):
    grids, notes, remarks = compare_trained(trained("a", [5.0] * 8), trained("b", [6.0] * 8, heldout="another"))
    assert not grids and not notes
    assert remarks == ["held-out text of anesthesia: not the same in both; not compared"]


def test_runs_that_read_unlike_records_are_compared_over_the_others(trained, caplog):
    first, second = trained("a", [5.0] * 8), trained("b", [6.0] * 8)
    file = second.folder / "records.json"
    content = json.loads(file.read_text())["anesthesia"]
    bits = content.pop("bits")["anesthesia"]
    # Its vocabulary has no room for the first record, and cuts the second.
    columns = {name: values[1:] for name, values in {**content, "bits": bits}.items()}
    columns["characters"][0] -= 5
    file.write_text(json.dumps({"anesthesia": {"models": {"anesthesia": columns}}}))
    grids, notes, _ = compare_trained(first, second)
    assert {label: cells[0].value for label, cells in grids[0].rows} == pytest.approx({"a": 5.0, "b": 6.0})
    assert notes[0].tests[0].comparison.n == 6 and "2 of 8" in grids[0].note
    assert caplog.text.count("2 of 8") == 1


@pytest.fixture
def answered(trained):
    """A run whose last model answered tasks, given as name: (version, signature, value of every question)."""

    def make(name, *, folder=None, **tasks):
        run = trained(name, [5.0] * 8, folder=folder)
        measured = []
        for task_name, (version, signature, value) in tasks.items():
            questions = tuple(Question(id=f"q{at}", question="问", references=("A",)) for at in range(8))
            metrics = tuple(
                Metric(name=metric, signature=signed, family="choice", headline=True)
                for metric, signed in (("accuracy", "s"), ("accuracy_likelihood", signature))
            )
            task = TaskQuestions(
                name=task_name, kind="choice", questions=questions, metrics=metrics, version=version, title=task_name
            )
            scores = {metric.name: [value] * 8 for metric in metrics}
            measured.append((task, Answers(model="m", task=task_name, texts=("A",) * 8, scores=scores)))
        write_scores(run.folder, key="k", model=run.folder, measured=measured)
        return run

    return make


def test_runs_in_folders_of_one_name_are_both_on_the_benchmark(answered):
    one = answered("first", folder="one/arm", pick=("v", "s", 1.0))
    other = answered("second", folder="two/arm", pick=("v", "s", 0.5))
    grids, _, remarks = compare_trained(one, other)
    assert not remarks
    rows = {label: cells[0].value for label, cells in grids[-1].rows}
    assert grids[-1].title == "pick" and rows == {"first": 1.0, "second": 0.5}


def test_a_task_or_metric_that_differs_is_left_out_and_the_others_are_compared(answered):
    one = answered("first", pick=("v", "s", 1.0), other=("v", "s", 1.0), third=("v", "s", 1.0))
    other = answered("second", pick=("w", "s", 0.5), other=("v", "t", 0.5), third=("v", "s", 0.5))
    grids, notes, remarks = compare_trained(one, other)
    assert remarks == [
        "benchmark: the questions of pick are not the same; not compared",
        "benchmark: accuracy_likelihood of other was measured in another way; not compared",
    ]
    assert [(grid.title, [column.name for column in grid.columns]) for grid in grids[1:]] == [
        ("other", ["accuracy"]),
        ("third", ["accuracy", "accuracy_likelihood"]),
    ]
    assert len(notes) == 3  # of held-out text, and of the two tasks
