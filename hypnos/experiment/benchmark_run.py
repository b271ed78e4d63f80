"""Lets the last model of a run answer the benchmark, so that arms of a sweep can be compared on it."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.benchmark.answerers.lineup import Build
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.choice.extract import VERSION as RULES_VERSION
from hypnos.benchmark.metrics.measure import TaskScores, describe_task, measure
from hypnos.benchmark.model_on_task import ask, choose_request_types, read_tasks
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.experiment.objective import Objective, read_objective
from hypnos.experiment.sweep.arm_scores import write_scores
from hypnos.specialty.folder import find_specialty, read_specialty

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when what is left in an arm's folder changes."""

MODEL_IN_KEYS = "hypnos.benchmark.generation.LocalModel"
"""How keys name the class `LocalModel`, for ever: the address it had when the first sweeps answered the benchmark.

Keys would change with every move of the class, and all arms would answer again.
"""

NOT_IN_KEYS = ("path", "read_tokenizer", "cache_gib", "rows", "device")
"""Settings of a model that do not decide what it answers, and the model itself, which is another one in each arm."""


def choose_benchmark_run(config: Mapping[str, Any], *, build: Build, sweeping: bool) -> "BenchmarkRun | None":
    """The benchmark that a configuration of train.py asks for, its questions read and checked; None for none.

    Args:
        config: `conf/train.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.
        sweeping: this is a job of a multirun.

    Raises:
        UserError: a task cannot be asked, or what a search looks for will not be there.
    """
    wanted, objective = config["benchmark"], read_objective(config["objective"])
    if wanted not in (True, False, "auto"):
        raise UserError(f"benchmark: {wanted!r} is none of auto, true, false")
    if sweeping and objective.held_out and objective.measured_on not in config["heldout"]:
        known = ", ".join(config["heldout"])
        raise UserError(f"objective: no held-out set {objective.measured_on!r} (there are: {known})")
    if config["estimate"] or config["prepare_only"]:
        return None
    if wanted is False and not objective.held_out:
        raise UserError(f"objective {config['objective']}: no task is answered with benchmark=false")
    due = (sweeping and config["tasks"]) or not objective.held_out
    if wanted is False or not (wanted is True or due):
        return None
    benchmark = BenchmarkRun(config, build=build)
    if not objective.held_out:
        benchmark.check(objective)
    return benchmark


class BenchmarkRun:
    """Tasks that a model will answer: read and checked before there is one."""

    def __init__(self, config: Mapping[str, Any], *, build: Build) -> None:
        """Read the questions.

        Args:
            config: `tasks, likelihood, entries, specialty, paths`, as evaluate.py has them.
            build: makes an object from a config with a `_target_`.

        Raises:
            UserError: a task cannot be asked.
        """
        self._tasks = read_tasks(config["tasks"], build=build)
        self._request_types = {
            task.name: choose_request_types(LocalModel, task, config["likelihood"]) for task in self._tasks
        }
        self._specialty = read_specialty(find_specialty(config["specialty"], Path(config["paths"]["root"])))
        self._model = config["entries"]["folder"]
        self._artefacts = Path(config["paths"]["artefacts"])
        self._build = build

    def key(self) -> str:
        """Names what is asked and measured, whatever the model."""
        tasks = [
            {
                "name": task.name,
                "version": task.version(),
                **task.limits(None).key(),
                "metrics": task.metrics,
                "official": task.official and task.official.label,
                "ways": self._request_types[task.name],
            }
            for task in self._tasks
        ]
        # Null is what the model's class takes by itself.
        model = {name: value for name, value in self._model.items() if name not in NOT_IN_KEYS and value is not None}
        model["_target_"] = MODEL_IN_KEYS
        return content_key({"version": VERSION, "rules": RULES_VERSION, "tasks": tasks, "model": model})

    def check(self, objective: Objective) -> None:
        """See that a search can look for this number.

        Raises:
            UserError: no such task or metric, or one that is neither good nor bad.
        """
        tasks = {task.name: task for task in self._tasks}
        name = objective.measured_on
        if name not in tasks:
            raise UserError(f"objective: no task {name!r} is answered (there are: {', '.join(tasks)})")
        scores = self._score_empty_answers(tasks[name])
        metrics = [metric.name for metric in scores.metrics if metric.better != "neither"]
        if objective.measure not in metrics:
            raise UserError(f"objective: {name} has no {objective.measure!r} (there are: {', '.join(metrics)})")

    def answer(self, model: Path, output: Path) -> None:
        """Let a model answer what it has not answered before, and write `benchmark.json` and `questions.json`.

        Args:
            model: its folder.
            output: folder of the run.
        """
        started = time.monotonic()
        answerer = self._build({**self._model, "path": str(model)})
        answerer.check(self._tasks)
        measured = []
        for task in self._tasks:
            predictions = ask(answerer, task, self._request_types[task.name], artefacts=self._artefacts)
            scores = measure(task, answerer.name, predictions, self._specialty)
            measured.append((describe_task(task, [scores]), scores.answers))
        answerer.close()
        write_scores(output, key=self.key(), model=model, measured=measured)
        log.info("benchmark: %s in %.0f s", ", ".join(task.name for task in self._tasks), time.monotonic() - started)

    def _score_empty_answers(self, task: Task) -> TaskScores:
        """Measure empty answers: they tell which metrics there will be."""
        empty = [
            Prediction(
                item=item.id,
                prompt="",
                raw="",
                answer="",
                finished=True,
                tokens=0,
                likelihoods=dict.fromkeys(item.options, 0.0),
            )
            for item in task.items()
        ]
        return measure(task, "", dict.fromkeys(self._request_types[task.name], empty), self._specialty)
