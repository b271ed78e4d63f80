"""Runs an evaluation: from a resolved configuration to one report of all models on all tasks."""

import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from hypnos.artefacts.keys import content_key
from hypnos.benchmark.answerers.lineup import Build
from hypnos.benchmark.answerers.names import name_folder
from hypnos.benchmark.cost import expect
from hypnos.benchmark.gaps import Gap, gap_lines, silent_lines
from hypnos.benchmark.judge.cache import verdicts_on
from hypnos.benchmark.metrics.likelihood_accuracy import left_out_note
from hypnos.benchmark.metrics.measure import TaskScores, describe_task, measure
from hypnos.benchmark.model_on_task import answers_exist, ask, kept_so_far
from hypnos.benchmark.predictions import Prediction, PredictionsByType
from hypnos.benchmark.preparation import Evaluation, prepare
from hypnos.benchmark.raters.run import read_back, sheets_for
from hypnos.benchmark.report_data import (
    judge_notes,
    judge_of,
    numbers,
    rater_notes,
    report_indicators,
    verdict_duels,
    verdict_numbers,
)
from hypnos.benchmark.tasks.task import Task
from hypnos.llm.failures import StoppedError, UnreadableError
from hypnos.report.kept_results import QUESTIONS, write_results
from hypnos.report.report import write_report
from hypnos.report.results import Results, TaskQuestions
from hypnos.report.tables.expected_costs import expense_table
from hypnos.report.tables.metric_tables import headline_metrics, label_of
from hypnos.report.tables.terminal import text_table

log = logging.getLogger(__name__)

AllPredictions = Mapping[tuple[str, str], PredictionsByType]
"""The answers of an evaluation, by model and task."""

AllScores = Mapping[tuple[str, str], TaskScores]
"""The numbers of an evaluation, by model and task."""


def run_evaluation(config: Mapping[str, Any], *, build: Build, output: Path) -> None:
    """Answer, measure, judge, prepare sheets, and write the report; with `dry_run`, show what that would cost.

    Args:
        config: `conf/evaluate.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.
        output: folder of this run.

    Raises:
        UserError: a key, a file, or a task and a model that do not fit; found before anything is answered.
        StoppedError: a model or judge was stopped; the report of what is there is written before.
    """
    silence_progress_bars()
    evaluation = prepare(config, build=build)
    if config["dry_run"]:
        print(f"\n{expense_table(list(expect(evaluation)))}\n")
        return
    answers, gaps = answer_all(evaluation)
    scores = measure_all(evaluation, answers)
    results = build_results(evaluation, answers, scores)
    results, verdict_gaps = _add_judges_and_raters(evaluation, results, answers, gaps, output)
    gaps += verdict_gaps
    questions = {task.name: task for task in results.tasks}
    hidden = {name for name, task in questions.items() if task.hidden}
    results = replace(results, warnings=(*gap_lines(gaps), *silent_lines(answers, hidden=hidden)))
    for (model, task), task_scores in scores.items():
        predictions = answers[model, task]["generation"]
        _write_predictions(output / "predictions", model, questions[task], predictions, task_scores)
    keys = {model.name: content_key(model.key(evaluation.tasks[0], "generation")) for model in evaluation.answerers}
    write_results(output / QUESTIONS, results, keys=keys)
    report = write_report(
        output, results=results, drugs=evaluation.specialty.drugs, language=config["report"]["language"]
    )
    if config["publish"]:
        models = {a.name: a.folder for a in evaluation.answerers if hasattr(a, "folder")}
        build(config["publish"]).publish(report, results=results, models=models)
    print(_table(results))
    print(f"\nreport: {report.directory / 'report.md'}\npage:   {report.page}")
    if gaps:
        raise StoppedError(f"not whole, and reported as far as it is there: {'. '.join(gap_lines(gaps))}")


def answer_all(evaluation: Evaluation) -> tuple[AllPredictions, list[Gap]]:
    """Ask every model every task, one model after another, so that one at a time is in memory.

    Returns:
        The answers, and which are missing because a model was stopped. One that ran out of budget may still have kept
        answers to other tasks; one that cannot be read is asked nothing more, and its answers are left out.
    """
    answers: dict[tuple[str, str], PredictionsByType] = {}
    gaps = []
    for answerer in evaluation.answerers:
        unreadable: UnreadableError | None = None
        whole: list[Task] = []
        for task in evaluation.tasks:
            try:
                if unreadable is not None and not answers_exist(answerer, task, artefacts=evaluation.artefacts):
                    raise unreadable
                answers[answerer.name, task.name] = ask(answerer, task, ["generation"], artefacts=evaluation.artefacts)
                whole.append(task)
            except StoppedError as stop:
                kept: PredictionsByType = {}
                if isinstance(stop, UnreadableError):
                    unreadable = stop
                else:
                    kept = kept_so_far(answerer, task, artefacts=evaluation.artefacts)
                if kept:
                    answers[answerer.name, task.name] = kept
                answered = len({prediction.item for prediction in kept.get("generation", ())})
                wanted = len(task.items())
                gap = Gap(
                    who=answerer.name, task=task.name, there=answered, wanted=wanted, what="answers", reason=str(stop)
                )
                log.warning("%s: %s", gap, stop)
                gaps.append(gap)
        # After all words: an engine that wrote them may have to leave its memory first.
        for task in whole:
            likelihoods = evaluation.request_types[answerer.name, task.name][1:]
            compared = ask(answerer, task, likelihoods, artefacts=evaluation.artefacts)
            answers[answerer.name, task.name] = {**answers[answerer.name, task.name], **compared}
        answerer.close()
    return answers, gaps


def measure_all(evaluation: Evaluation, answers: AllPredictions) -> AllScores:
    """Measure every model on every task that it answered, the answers that are there."""
    return {
        (answerer.name, task.name): measure(
            task, answerer.name, answers[answerer.name, task.name], evaluation.specialty, whole=False
        )
        for task in evaluation.tasks
        for answerer in evaluation.answerers
        if (answerer.name, task.name) in answers
    }


def build_results(evaluation: Evaluation, answers: AllPredictions, scores: AllScores) -> Results:
    """What the report is made of, before any judge or rater."""
    models = tuple(answerer.name for answerer in evaluation.answerers)
    by_task = {
        task.name: [scores[model, task.name] for model in models if (model, task.name) in scores]
        for task in evaluation.tasks
    }
    return Results(
        title=f"{evaluation.specialty.name}: {', '.join(models)}",
        models=models,
        tasks=tuple(describe_task(task, by_task[task.name]) for task in evaluation.tasks if by_task[task.name]),
        answers=tuple(one.answers for measured in by_task.values() for one in measured),
        topics={topic.key: topic.name for topic in evaluation.specialty.topics},
        notes=tuple(left_out_note(answers)),
    )


def _add_judges_and_raters(
    evaluation: Evaluation, results: Results, answers: AllPredictions, gaps: Sequence[Gap], output: Path
) -> tuple[Results, list[Gap]]:
    """The results with the judges' verdicts and the raters' ratings, of models whose answers to a task are whole."""
    specialty = evaluation.specialty
    incomplete = {(gap.who, gap.task) for gap in gaps}
    by_task = {
        task.name: {
            answerer.name: answers[answerer.name, task.name]["generation"]
            for answerer in evaluation.answerers
            if (answerer.name, task.name) not in incomplete
        }
        for task in evaluation.tasks
    }
    verdicts, verdict_gaps = _judge_all(evaluation, by_task)
    sheets = None
    if evaluation.study is not None and not incomplete:
        sheets = sheets_for(
            evaluation.study, evaluation.tasks, by_task, specialty=specialty, artefacts=evaluation.artefacts
        )
        print(f"sheets: {sheets}")
    elif evaluation.study is not None:
        log.warning("sheets: none made, because answers are missing")
    ratings, progress = read_back(
        evaluation.ratings, sheets, evaluation.tasks, by_task, specialty=specialty, output=output
    )
    with_verdicts = replace(
        results,
        indicators=report_indicators(specialty, ratings) if verdicts or ratings else (),
        verdicts=tuple(verdict_numbers(verdicts)),
        judges={
            judge_of({"judge": judge.model.name, "mode": mode}): judge.model.model
            for judge in evaluation.judges
            for mode in judge.modes
        },
        duels=tuple(verdict_duels(verdicts)),
        ratings=tuple(numbers(ratings)),
        notes=(
            *results.notes,
            *judge_notes(verdicts, specialty),
            *(rater_notes(ratings, progress, verdicts, specialty) if progress else []),
        ),
    )
    return with_verdicts, verdict_gaps


def _judge_all(
    evaluation: Evaluation, by_task: Mapping[str, Mapping[str, Sequence[Prediction]]]
) -> tuple[list[dict[str, Any]], list[Gap]]:
    """Every judge's verdicts on every task, and which are missing; a judge that cannot be read judges nothing more."""
    rows: list[dict[str, Any]] = []
    gaps = []
    with evaluation.client as client:
        for judge in evaluation.judges:
            unreadable: UnreadableError | None = None
            for task in evaluation.tasks:
                if not by_task[task.name]:
                    continue
                verdicts = verdicts_on(
                    task,
                    by_task[task.name],
                    judge=judge,
                    specialty=evaluation.specialty,
                    client=client,
                    artefacts=evaluation.artefacts,
                    unreadable=unreadable,
                )
                rows += verdicts.rows
                if verdicts.stopped is not None:
                    gaps.append(
                        Gap(
                            who=f"judge {judge.model.name}",
                            task=task.name,
                            there=len(verdicts.rows),
                            wanted=verdicts.wanted,
                            what="verdicts",
                            reason=str(verdicts.stopped),
                        )
                    )
                    log.warning("%s: %s", gaps[-1], verdicts.stopped)
                if isinstance(verdicts.stopped, UnreadableError):
                    unreadable = verdicts.stopped
    return rows, gaps


def _write_predictions(
    folder: Path, model: str, task: TaskQuestions, predictions: Sequence[Prediction], task_scores: TaskScores
) -> None:
    """Everything about each answer on one line: prompt, answer, what was read from it, and its question's numbers.

    Of a question that was answered several times, every line holds the mean of its answers.
    """
    file = folder / name_folder(model) / f"{task.name}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    order = {question.id: number for number, question in enumerate(task.questions)}
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        for prediction in predictions:
            scores = {name: values[order[prediction.item]] for name, values in task_scores.answers.scores.items()}
            stream.write(orjson.dumps({**asdict(prediction), "metrics": scores}) + b"\n")
    partial.replace(file)


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
