"""Runs an evaluation: from a resolved configuration to one report of all models on all tasks."""

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.config_check import bind_targets
from hypnos.artefacts.value_check import check_table
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.lineup import Build, line_up
from hypnos.benchmark.judge.cache import verdicts_on
from hypnos.benchmark.judge.judge import Judge
from hypnos.benchmark.metrics.likelihood_accuracy import left_out_note
from hypnos.benchmark.metrics.measure import TaskScores, describe_task, measure
from hypnos.benchmark.model_on_task import ask, choose_request_types, read_tasks
from hypnos.benchmark.predictions import Prediction, PredictionsByType, RequestType
from hypnos.benchmark.raters.run import Ratings, read_back, sheets_for
from hypnos.benchmark.raters.study import Study
from hypnos.benchmark.report_data import (
    judge_notes,
    numbers,
    rater_notes,
    report_indicators,
    verdict_duels,
    verdict_numbers,
)
from hypnos.benchmark.settings import KEYS
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.client import Client
from hypnos.report.report import write_report
from hypnos.report.results import Results
from hypnos.report.tables.metric_tables import headline_metrics, label_of
from hypnos.report.tables.terminal import text_table
from hypnos.specialty.folder import Specialty, read_specialty

log = logging.getLogger(__name__)

JUDGE = f"{Judge.__module__}.{Judge.__name__}"

AllPredictions = Mapping[tuple[str, str], PredictionsByType]
"""The answers of an evaluation, by model and task."""

AllScores = Mapping[tuple[str, str], TaskScores]
"""The numbers of an evaluation, by model and task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Tasks, models, judges and raters, built and checked: nothing has been answered yet.

    Attributes:
        request_types: by model and task.
        study: how sheets for raters are made; None for no sheets.
        ratings: the files that raters filled in.
        artefacts: folder of what is kept between runs.
    """

    tasks: Sequence[Task]
    answerers: Sequence[Answerer]
    request_types: Mapping[tuple[str, str], Sequence[RequestType]]
    judges: Sequence[Judge]
    study: Study | None
    ratings: Ratings
    specialty: Specialty
    client: Client
    artefacts: Path


def run_evaluation(config: Mapping[str, Any], *, build: Build, output: Path) -> None:
    """Answer, measure, judge, prepare sheets, and write the report.

    Args:
        config: `conf/evaluate.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.
        output: folder of this run.

    Raises:
        UserError: a key, a file, or a task and a model that do not fit; found before anything is answered.
    """
    silence_progress_bars()
    evaluation = prepare(config, build=build)
    answers = answer_all(evaluation)
    scores = measure_all(evaluation, answers)
    results = _add_judges_and_raters(evaluation, build_results(evaluation, answers, scores), answers, output)
    for (model, task), task_scores in scores.items():
        _write_predictions(output / "predictions", model, task, answers[model, task]["generation"], task_scores)
    report = write_report(output, results=results, drugs=evaluation.specialty.drugs)
    if config["publish"]:
        models = {a.name: a.folder for a in evaluation.answerers if hasattr(a, "folder")}
        build(config["publish"]).publish(report, results=results, models=models)
    print(_table(results))
    print(f"\nreport: {report.directory / 'report.md'}\npage:   {report.page}")


def prepare(config: Mapping[str, Any], *, build: Build) -> Evaluation:
    """Build tasks, models, judges and raters, and check that they fit.

    Raises:
        UserError: it does not.
    """
    check_configuration(config)
    judges = judge_configs(config["judges"], config["judging"])
    tasks = read_tasks(config["tasks"], build=build)
    answerers = line_up(
        config["models"],
        config["baselines"],
        entries=config["entries"],
        build=build,
        outputs=Path(config["paths"]["outputs"]),
    )
    request_types = {
        (answerer.name, task.name): choose_request_types(answerer, task, config["likelihood"])
        for answerer in answerers
        for task in tasks
    }
    for answerer in answerers:
        answerer.check(tasks)
    return Evaluation(
        tasks=tasks,
        answerers=answerers,
        request_types=request_types,
        judges=[build(judge) for judge in judges.values()],
        study=build(config["raters"]) if config["raters"] else None,
        ratings=Ratings(**config["ratings"]),
        specialty=read_specialty(Path(config["specialty"])),
        client=build(config["client"]),
        artefacts=Path(config["paths"]["artefacts"]),
    )


def check_configuration(config: Mapping[str, Any]) -> None:
    """Find a misspelt or missing key, and a value of a wrong type or range anywhere, before anything is made.

    Raises:
        UserError: naming the key.
    """
    check_table(config, KEYS)
    asked = {name: value for name, value in config["judging"].items() if name != "parameters"}
    ordered = dict(sorted(config.items(), key=lambda part: part[0] in ("client", "baselines", "entries")))
    bind_targets({**ordered, "judging": {"_target_": JUDGE, "_partial_": True, **asked}})


def judge_configs(models: Mapping[str, Any], judging: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Configs of judges: every chosen model, asked as `judging` says.

    Its `parameters` are left out: they stand in the models already, as files of `conf/llm` take them from there.
    """
    settings = {name: value for name, value in judging.items() if name != "parameters"}
    return {name: {"_target_": JUDGE, **settings, "model": model} for name, model in models.items() if model}


def answer_all(evaluation: Evaluation) -> AllPredictions:
    """Ask every model every task, one model after another, so that one at a time is in memory."""
    answers: dict[tuple[str, str], PredictionsByType] = {}
    for answerer in evaluation.answerers:
        for task in evaluation.tasks:
            request_types = evaluation.request_types[answerer.name, task.name]
            answers[answerer.name, task.name] = ask(answerer, task, request_types, artefacts=evaluation.artefacts)
        answerer.close()
    return answers


def measure_all(evaluation: Evaluation, answers: AllPredictions) -> AllScores:
    """Measure every model on every task."""
    return {
        (answerer.name, task.name): measure(
            task, answerer.name, answers[answerer.name, task.name], evaluation.specialty
        )
        for task in evaluation.tasks
        for answerer in evaluation.answerers
    }


def build_results(evaluation: Evaluation, answers: AllPredictions, scores: AllScores) -> Results:
    """What the report is made of, before any judge or rater."""
    models = tuple(answerer.name for answerer in evaluation.answerers)
    return Results(
        title=f"{evaluation.specialty.name}: {', '.join(models)}",
        models=models,
        tasks=tuple(describe_task(task, [scores[model, task.name] for model in models]) for task in evaluation.tasks),
        answers=tuple(scores[model, task.name].answers for task in evaluation.tasks for model in models),
        topics={topic.key: topic.name for topic in evaluation.specialty.topics},
        notes=tuple(left_out_note(answers)),
    )


def _add_judges_and_raters(evaluation: Evaluation, results: Results, answers: AllPredictions, output: Path) -> Results:
    """The results with the judges' verdicts and the raters' ratings."""
    specialty = evaluation.specialty
    by_task = {
        task.name: {answerer.name: answers[answerer.name, task.name]["generation"] for answerer in evaluation.answerers}
        for task in evaluation.tasks
    }
    verdicts: list[dict[str, Any]] = []
    with evaluation.client as client:
        for judge in evaluation.judges:
            for task in evaluation.tasks:
                verdicts += verdicts_on(
                    task,
                    by_task[task.name],
                    judge=judge,
                    specialty=specialty,
                    client=client,
                    artefacts=evaluation.artefacts,
                )
    sheets = None
    if evaluation.study is not None:
        sheets = sheets_for(
            evaluation.study, evaluation.tasks, by_task, specialty=specialty, artefacts=evaluation.artefacts
        )
        print(f"sheets: {sheets}")
    ratings, progress = read_back(
        evaluation.ratings, sheets, evaluation.tasks, by_task, specialty=specialty, output=output
    )
    return replace(
        results,
        indicators=report_indicators(specialty) if verdicts or ratings else (),
        verdicts=tuple(verdict_numbers(verdicts)),
        duels=tuple(verdict_duels(verdicts)),
        ratings=tuple(numbers(ratings)),
        notes=(
            *results.notes,
            *judge_notes(verdicts, specialty),
            *(rater_notes(ratings, progress, verdicts, specialty) if progress else []),
        ),
    )


def _write_predictions(
    folder: Path, model: str, task: str, predictions: Sequence[Prediction], task_scores: TaskScores
) -> None:
    """Everything about each answer on one line: prompt, answer, what was read from it, and its numbers."""
    file = folder / model.replace("/", "_") / f"{task}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    order = {item: number for number, item in enumerate(dict.fromkeys(p.item for p in predictions))}
    with file.open("wb") as stream:
        for prediction in predictions:
            scores = {name: values[order[prediction.item]] for name, values in task_scores.answers.scores.items()}
            stream.write(orjson.dumps({**asdict(prediction), "metrics": scores}) + b"\n")


def _table(results: Results) -> str:
    """Each model's headline numbers, for a terminal."""
    columns = [(task, metric) for task in results.tasks for metric in headline_metrics(task)[:2]]
    head = ["model", *(f"{task.name}: {label_of(metric)}" for task, metric in columns)]
    rows = []
    for model in results.models:
        cells = [model]
        for task, metric in columns:
            answers = results.answers_of(model=model, task=task.name)
            values = [v for v in (answers.scores.get(metric.name, ()) if answers else ()) if v is not None]
            mean = sum(values) / len(values) if values else None
            cells.append("-" if mean is None else f"{100 * mean:.1f} %" if metric.share else f"{mean:.2f}")
        rows.append(cells)
    return f"\n{text_table(head, rows)}"


def silence_progress_bars() -> None:
    """Let transformers draw no bar where the output is not a terminal."""
    from transformers.utils.logging import disable_progress_bar

    if not sys.stderr.isatty():
        disable_progress_bar()
