"""Folders of finished runs, with settings as Hydra leaves them and numbers written by hand."""

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from hypnos.experiment.two_runs.folder import FinishedRun, read_finished_run
from hypnos.report.kept_results import QUESTIONS, write_results
from hypnos.report.results import Answers, Indicator, Metric, Question, Rating, Results, TaskQuestions


@pytest.fixture
def start_run(tmp_path) -> Callable[..., Path]:
    """Makes a run's folder with its settings and nothing else."""

    def start(name: str, job: str, settings: dict[str, Any], commit: str | None = "c0", **choices: str) -> Path:
        folder = tmp_path / name
        (folder / ".hydra").mkdir(parents=True)
        hydra = {"job": {"name": job}, "runtime": {"choices": choices, "cwd": str(tmp_path)}}
        (folder / ".hydra/config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
        (folder / ".hydra/hydra.yaml").write_text(yaml.safe_dump({"hydra": hydra}), "utf-8")
        if commit:
            (folder / ".hydra/code.json").write_text(json.dumps({"commit": commit, "torch": "2.13"}))
        return folder

    return start


@pytest.fixture
def evaluated(start_run) -> Callable[..., FinishedRun]:
    """A run of evaluate.py: eight choice questions, whose values are given, and a judge's score of each answer."""

    def make(
        name: str,
        values: Sequence[float],
        version: str = "v1",
        signature: str = "s",
        judge: str | None = "openai/gpt-4o",
    ) -> FinishedRun:
        folder = start_run(name, "evaluate", {"models": [name]})
        metric = Metric(name="accuracy", signature=signature, family="choice", label="Accuracy", headline=True)
        questions = tuple(Question(id=f"q{at}", question="问", references=("A",)) for at in range(len(values)))
        task = TaskQuestions(name="pick", kind="choice", questions=questions, metrics=(metric,), version=version)
        answers = Answers(model=name, task="pick", texts=("A",) * len(values), scores={"accuracy": values})
        verdicts = tuple(
            Rating(model=name, task="pick", item=f"q{at}", rater="judge", indicator="useful", value=5 + value)
            for at, value in enumerate(values)
        )
        results = Results(
            title=name,
            models=(name,),
            tasks=(task,),
            answers=(answers,),
            indicators=(Indicator(key="useful", title="Usefulness"),),
            verdicts=verdicts,
            judges={"judge": judge} if judge else {},
        )
        write_results(folder / QUESTIONS, results, keys={name: f"key of {name}"})
        return read_finished_run(folder, name)

    return make


@pytest.fixture
def flipped() -> Callable[[Sequence[float]], float]:
    """The exact p of paired differences: the share of all swaps that give a mean as far from 0."""

    def p_value(differences: Sequence[float]) -> float:
        seen = abs(sum(differences)) - 1e-9
        swaps = list(itertools.product((1, -1), repeat=len(differences)))
        return sum(abs(sum(s * d for s, d in zip(swap, differences))) >= seen for swap in swaps) / len(swaps)

    return p_value
