"""Scores that arms leave in their folders."""

import json
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.experiment.sweep.arm_scores import read_scores, write_scores
from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.report import write_sweep_report
from hypnos.report.results import Answers, Metric, Question, TaskQuestions


def scored(sweep: Path, label: str, seed: str, *, version: str = "v", signature: str = "s", value: float = 1.0) -> None:
    """Leave in one arm's folder what its job would have written."""
    (arm,) = [arm for arm in read_arms(sweep) if (arm.label, arm.seed) == (label, seed)]
    questions = tuple(Question(id=f"q{at}", question="问", references=("A",), group=f"g{at // 2}") for at in range(8))
    metric = Metric(name="accuracy", signature=signature, family="choice", headline=True)
    task = TaskQuestions(name="pick", kind="choice", questions=questions, metrics=(metric,), version=version)
    answers = Answers(model="m", task="pick", texts=("A",) * 8, scores={"accuracy": [value] * 7 + [None]})
    write_scores(arm.folder, key="k", model=Path("m"), measured=[(task, answers)])


def test_what_arms_answered_when_they_ran_is_read_from_their_folders(sweep, tmp_path):
    assert read_scores(read_arms(sweep)) is None
    for seed, value in (("1", 1.0), ("2", 0.5)):
        scored(sweep, "general_to_specific", seed, value=value)
    arms = read_arms(sweep)
    told = json.loads((arms[0].folder / "benchmark.json").read_text("utf-8"))
    assert told["tasks"] == {"pick": {"version": "v", "questions": 8, "scores": {"accuracy": 1.0}}}
    found = write_sweep_report(tmp_path / "report", name="mine", arms=arms, scores=read_scores(arms))
    (grid,) = [grid for grid in found.grids if grid.key == "benchmark/pick"]
    assert [column.label for column in grid.columns] == ["Accuracy"]  # which stands in no file
    values = {label: cells[0] and cells[0].value for label, cells in grid.rows}
    assert values == {"general_to_specific": 0.75, "mixed": None}  # which took no part
    scored(sweep, "mixed", "1", version="w")
    with pytest.raises(UserError, match="the questions of pick are not the same"):
        read_scores(read_arms(sweep))
    scored(sweep, "mixed", "1", signature="t")
    with pytest.raises(UserError, match="accuracy of pick was measured in another way"):
        read_scores(read_arms(sweep))
