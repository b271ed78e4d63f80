"""From a resolved configuration to one report of all models on all tasks."""

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.config_check import bind_targets
from hypnos.benchmark.answerers.answerer import Answerer, Way
from hypnos.benchmark.answerers.lineup import Build, line_up
from hypnos.benchmark.judge.cache import verdicts_on
from hypnos.benchmark.judge.judge import Judge
from hypnos.benchmark.metrics.likelihood_accuracy import left_out_note
from hypnos.benchmark.metrics.measure import Measured, describe
from hypnos.benchmark.model_on_task import ask, choose_ways, measure_answers, read_tasks
from hypnos.benchmark.predictions import Prediction
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
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.client import Client
from hypnos.report.report import write_report
from hypnos.report.results import Results
from hypnos.report.tables.metric_tables import LABELS, headline_metrics
from hypnos.report.tables.terminal import text_table
from hypnos.specialty.folder import Specialty, read_specialty

log = logging.getLogger(__name__)

Answers = dict[tuple[str, str, Way], list[Prediction]]
"""By model, task and way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What takes part, checked: nothing has been answered yet."""

    tasks: Sequence[Task]
    answerers: Sequence[Answerer]
    ways: Mapping[tuple[str, str], Sequence[Way]]
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
    quieten()
    evaluation = prepare(config, build=build)
    answers = answer_all(evaluation)
    measured = measure_all(evaluation, answers)
    results = _with_people(evaluation, results_of(evaluation, answers, measured), answers, output)
    for (model, task), found in measured.items():
        _write_predictions(output / "predictions", model, task, answers[model, task, "generation"], found)
    report = write_report(output, results=results, drugs=evaluation.specialty.drugs)
    if config["share"]:
        models = {a.name: a.folder for a in evaluation.answerers if hasattr(a, "folder")}
        build(config["share"]).publish(report, results=results, models=models)
    print(_table(results))
    print(f"\nreport: {report.directory / 'report.md'}\npage:   {report.page}")


def prepare(config: Mapping[str, Any], *, build: Build) -> Evaluation:
    """Build what takes part and check that it fits.

    Raises:
        UserError: it does not.
    """
    bind_targets(dict(config))
    tasks = read_tasks(config["tasks"], build=build)
    answerers = line_up(
        config["models"],
        config["baselines"],
        entries=config["entries"],
        build=build,
        outputs=Path(config["paths"]["outputs"]),
    )
    ways = {(a.name, task.name): choose_ways(a, task, config["likelihood"]) for a in answerers for task in tasks}
    for answerer in answerers:
        answerer.check(tasks)
    return Evaluation(
        tasks=tasks,
        answerers=answerers,
        ways=ways,
        judges=[build(judge) for judge in config["judges"].values() if judge],
        study=build(config["raters"]) if config["raters"] else None,
        ratings=Ratings(**config["ratings"]),
        specialty=read_specialty(Path(config["specialty"])),
        client=build(config["client"]),
        artefacts=Path(config["paths"]["artefacts"]),
    )


def answer_all(evaluation: Evaluation) -> Answers:
    """Every model on every task, one model after another, so that one at a time is in memory."""
    answers: Answers = {}
    for answerer in evaluation.answerers:
        for task in evaluation.tasks:
            ways = evaluation.ways[answerer.name, task.name]
            for way, made in ask(answerer, task, ways, artefacts=evaluation.artefacts).items():
                answers[answerer.name, task.name, way] = made
        answerer.close()
    return answers


def measure_all(evaluation: Evaluation, answers: Answers) -> dict[tuple[str, str], Measured]:
    """All numbers of every model on every task."""
    return {
        (answerer.name, task.name): measure_answers(
            answerer.name,
            task,
            {way: answers[answerer.name, task.name, way] for way in evaluation.ways[answerer.name, task.name]},
            of=evaluation.specialty,
        )
        for task in evaluation.tasks
        for answerer in evaluation.answerers
    }


def results_of(evaluation: Evaluation, answers: Answers, measured: Mapping[tuple[str, str], Measured]) -> Results:
    """What the report is made of, before any judge or rater."""
    models = tuple(answerer.name for answerer in evaluation.answerers)
    return Results(
        title=f"{evaluation.specialty.name}: {', '.join(models)}",
        models=models,
        tasks=tuple(
            describe(
                name=task.name,
                kind=task.kind,
                items=task.items(),
                measured=[measured[model, task.name] for model in models],
                version=task.version(),
            )
            for task in evaluation.tasks
        ),
        answers=tuple(measured[model, task.name].answers for task in evaluation.tasks for model in models),
        topics={topic.key: topic.name for topic in evaluation.specialty.topics},
        notes=tuple(left_out_note(answers)),
    )


def _with_people(evaluation: Evaluation, results: Results, answers: Answers, output: Path) -> Results:
    """The results with what judges and raters say."""
    specialty = evaluation.specialty
    by_task = {
        task.name: {answerer.name: answers[answerer.name, task.name, "generation"] for answerer in evaluation.answerers}
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
    given, stages = read_back(evaluation.ratings, sheets, evaluation.tasks, by_task, specialty=specialty, output=output)
    return replace(
        results,
        indicators=report_indicators(specialty) if verdicts or given else (),
        verdicts=tuple(verdict_numbers(verdicts)),
        duels=tuple(verdict_duels(verdicts)),
        ratings=tuple(numbers(given)),
        notes=(
            *results.notes,
            *judge_notes(verdicts, specialty),
            *(rater_notes(given, stages, verdicts, specialty) if stages else []),
        ),
    )


def _write_predictions(
    folder: Path, model: str, task: str, predictions: Sequence[Prediction], measured: Measured
) -> None:
    """Everything about each answer on one line: prompt, answer, what was read from it, and its numbers."""
    place = folder / model.replace("/", "_") / f"{task}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    order = {item: number for number, item in enumerate(dict.fromkeys(one.item for one in predictions))}
    with place.open("wb") as stream:
        for one in predictions:
            scores = {name: values[order[one.item]] for name, values in measured.answers.scores.items()}
            stream.write(orjson.dumps({**asdict(one), "metrics": scores}) + b"\n")


def _table(results: Results) -> str:
    """For a terminal: each model's headline numbers."""
    columns = [(task, metric) for task in results.tasks for metric in headline_metrics(task)[:2]]
    head = ["model", *(f"{task.name}: {LABELS.get(metric.name, metric.name)}" for task, metric in columns)]
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


def quieten() -> None:
    """No bar of transformers' where the output is not a terminal."""
    from transformers.utils.logging import disable_progress_bar

    if not sys.stderr.isatty():
        disable_progress_bar()
