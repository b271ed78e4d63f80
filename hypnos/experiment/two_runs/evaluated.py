"""Compares two runs of evaluate.py: the questions and models by key, and every number that both have."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypnos.experiment.two_runs.folder import FinishedRun
from hypnos.report.kept_results import QUESTIONS, read_results
from hypnos.report.results import Answers, Metric, Note, PairedTest, Rating, Results, TaskQuestions
from hypnos.report.statistics.intervals import SHARE, Interval, mean_interval
from hypnos.report.statistics.paired_tests import compare, correct
from hypnos.report.tables.metric_tables import column_of, headline_metrics, label_of
from hypnos.report.tables.paired_note import paired_note
from hypnos.report.tables.rating_tests import rating_tests
from hypnos.report.tables.table import Column, Grid

Pair = tuple[str, str]
"""A model of the first run and the model of the second that it is held against."""


def questions_and_models(run: FinishedRun) -> dict[str, Any]:
    """Each task's version and number of questions, and the key of what decides each model's answers."""
    results, keys = read_results(run.folder / QUESTIONS)
    rows: dict[str, Any] = {}
    for task in results.tasks:
        rows[f"{task.name}: version"] = task.version[:16]
        rows[f"{task.name}: questions"] = len(task.questions)
    return rows | {f"{model}: key": str(key)[:16] for model, key in keys.items()}


def pair_models(first: Sequence[str], second: Sequence[str]) -> list[Pair]:
    """Models of one name belong together; where each run has one other left, so do these."""
    pairs = [(model, model) for model in first if model in second]
    left = [[model for model in models if model not in dict(pairs)] for models in (first, second)]
    return pairs + ([(left[0][0], left[1][0])] if len(left[0]) == len(left[1]) == 1 else [])


def compare_evaluated(first: FinishedRun, second: FinishedRun) -> tuple[list[Grid], list[Note], list[str]]:
    """Means, tests of every model against itself in the other run, and what could not be compared.

    Holm's correction is over all models, for each metric of each task.
    """
    one, other = (read_results(run.folder / QUESTIONS)[0] for run in (first, second))
    pairs = pair_models(one.models, other.models)
    remarks = [f"{model}: in one run alone" for model in _unpaired(one, other, pairs)]
    one, other = _by_the_same_judges(one, other, names=(first.name, second.name), remarks=remarks)
    known = {task.name: task for task in other.tasks}
    grids, notes = [], []
    for task in one.tasks:
        if task.name not in known:
            remarks.append(f"{task.name}: in {first.name} alone")
        elif task.version != known[task.name].version:
            remarks.append(f"{task.name}: other questions, or other words put to the model; not compared")
        else:
            grids.append(_means(task, {first.name: one, second.name: other}))
            notes += list(_metric_notes(task, known[task.name], (one, other), pairs, remarks))
            for kind, by in (("verdicts", "judges"), ("ratings", "raters")):
                notes += list(_score_notes(task.name, (one, other), pairs, kind=kind, by=by))
    remarks += [f"{name}: in {second.name} alone" for name in known if name not in {task.name for task in one.tasks}]
    return grids, notes, remarks


def _unpaired(one: Results, other: Results, pairs: Sequence[Pair]) -> list[str]:
    paired = {model for pair in pairs for model in pair}
    return [model for model in (*one.models, *other.models) if model not in paired]


def _by_the_same_judges(
    one: Results, other: Results, *, names: tuple[str, str], remarks: list[str]
) -> tuple[Results, Results]:
    """Both runs without what judges gave that are other models under one name; a judge not known counts as the same."""
    others = set()
    for judge in dict.fromkeys(verdict.rater for verdict in one.verdicts):
        if all(verdict.rater != judge for verdict in other.verdicts):
            continue
        models = [run.judges.get(judge) for run in (one, other)]
        unknown = [name for name, model in zip(names, models) if model is None]
        if unknown:
            remarks.append(f"judge {judge}: {' and '.join(unknown)} did not keep which model it is; taken as the same")
        elif models[0] != models[1]:
            remarks.append(f"judge {judge}: {models[0]} in {names[0]}, {models[1]} in {names[1]}; not compared")
            others.add(judge)
    first, second = (
        replace(run, verdicts=tuple(verdict for verdict in run.verdicts if verdict.rater not in others))
        for run in (one, other)
    )
    return first, second


def _means(task: TaskQuestions, runs: Mapping[str, Results]) -> Grid:
    metrics, groups = headline_metrics(task), [question.cluster for question in task.questions]
    rows = tuple(
        (f"{name}: {answers.model}", tuple(_mean(answers, metric, groups) for metric in metrics))
        for name, results in runs.items()
        for answers in results.answers_to(task.name)
    )
    columns = tuple(map(column_of, metrics))
    return Grid(key=task.name, title=task.title or task.name, columns=columns, rows=rows, corner="run: model")


def _mean(answers: Answers, metric: Metric, groups: Sequence[Hashable]) -> Interval | None:
    values = answers.scores.get(metric.name)
    return mean_interval(values, groups, bounds=SHARE if metric.share else None) if values else None


def _metric_notes(
    task: TaskQuestions,
    in_other: TaskQuestions,
    both: tuple[Results, Results],
    pairs: Sequence[Pair],
    remarks: list[str],
) -> Iterator[Note]:
    ways = {metric.name: metric.signature for metric in in_other.metrics}
    groups = [question.cluster for question in task.questions]
    tests: list[tuple[Metric, Pair, Any]] = []
    for metric in headline_metrics(task):
        if ways.get(metric.name) != metric.signature:
            remarks.append(f"{task.name}: {metric.name} was measured in another way; not compared")
            continue
        for pair in pairs:
            answers = [run.answers_of(model=model, task=task.name) for run, model in zip(both, pair)]
            values = [one.scores.get(metric.name) for one in answers if isinstance(one, Answers)]
            if len(values) == 2 and values[0] is not None and values[1] is not None:
                bounds = SHARE if metric.share else None
                tests.append((metric, pair, compare(values[0], values[1], groups, bounds=bounds)))
    corrected = correct([metric.name for metric, _, _ in tests], [comparison for _, _, comparison in tests])
    rows = [
        (
            column_of(metric),
            PairedTest(measure=label_of(metric), first=pair[0], second=pair[1], comparison=comparison),
        )
        for (metric, pair, _), comparison in zip(tests, corrected, strict=True)
    ]
    if rows:
        yield paired_note(task.title or task.name, rows, measure="metric")


def _score_notes(
    task: str, both: tuple[Results, Results], pairs: Sequence[Pair], *, kind: str, by: str
) -> Iterator[Note]:
    """Scores by the same judges or raters on both runs' answers, corrected over all models."""
    tests: list[PairedTest] = []
    scales = both[0].indicators
    for pair in pairs:
        # Both may have one name, and then they would be one model.
        marks = ("1", "2")
        rows = [
            replace(rating, model=mark)
            for run, model, mark in zip(both, pair, marks)
            for rating in _ratings(run, kind)
            if rating.task == task and rating.model == model
        ]
        for beside in (False, True):
            chosen = [rating for rating in rows if rating.beside_reference == beside]
            for note in rating_tests(chosen, indicators=scales, models=marks, title="", by=by):
                tests += [replace(test, first=pair[0], second=pair[1]) for test in note.tests]
    corrected = correct([test.measure for test in tests], [test.comparison for test in tests])
    column = Column(name=kind, better="neither", scale=1.0, digits=2)
    laid_out = [(column, replace(test, comparison=c)) for test, c in zip(tests, corrected, strict=True)]
    if laid_out:
        yield paired_note(f"{task}: scores of {by}", laid_out, measure="scale", crossed=by)


def _ratings(results: Results, kind: str) -> Sequence[Rating]:
    return results.verdicts if kind == "verdicts" else results.ratings
