"""Arms of a sweep on the benchmark: means over seeds, and tests against the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypnos.experiment.sweep.arms import Arm
from hypnos.experiment.sweep.seeds import Against, Table, against, mean_over_seeds
from hypnos.experiment.sweep.tables import tests_note
from hypnos.report.results import Metric, Note, Results, TaskQuestions
from hypnos.report.statistics.intervals_and_tests import Interval, holm
from hypnos.report.tables.metric_tables import column_of, headline_metrics, label_of
from hypnos.report.tables.table import Grid


def benchmark_tables(
    lines: Mapping[str, Sequence[Arm]], scores: Results, reference: str
) -> tuple[list[Grid], list[Note]]:
    """A table and tests for each task, from its headline metrics."""
    grids, notes = [], []
    for task in scores.tasks:
        metrics = headline_metrics(task)
        found: list[tuple[Metric, Against]] = []
        cells: dict[str, list[Interval | None]] = {label: [] for label in lines}
        for metric in metrics:
            tables, groups = _tables(lines, scores, task, metric)
            for label in lines:
                cells[label].append(mean_over_seeds(tables[label], groups) if tables.get(label) else None)
            if tables.get(reference):
                others = {label: table for label, table in tables.items() if label != reference and table}
                found += [(metric, one) for one in against(tables[reference], others, groups)]
        title = task.title or task.name
        columns = tuple(column_of(metric) for metric in metrics)
        rows = tuple((label, tuple(of)) for label, of in cells.items())
        grids.append(Grid(key=f"benchmark/{task.name}", title=title, columns=columns, rows=rows, corner="arm"))
        adjusted = holm([one.comparison.p for _, one in found])
        tests = [
            (label_of(metric), replace(one, comparison=replace(one.comparison, adjusted=p)))
            for (metric, one), p in zip(found, adjusted, strict=True)
        ]
        note = tests_note(f"{title}: arms against {reference}", tests, reference, columns[0])
        notes += [note] if note else []
    return grids, notes


def _tables(
    lines: Mapping[str, Sequence[Arm]], scores: Results, task: TaskQuestions, metric: Metric
) -> tuple[dict[str, Table], list[str]]:
    """By label and seed, values of the questions to which every arm has one; and the groups of these."""
    columns = {
        (label, arm.seed): found.scores[metric.name]
        for label, arms in lines.items()
        for arm in arms
        if (found := scores.of(model=arm.folder.name, task=task.name)) and metric.name in found.scores
    }
    there = [at for at in range(len(task.questions)) if all(of[at] is not None for of in columns.values())]
    tables: dict[str, dict[str, list[float]]] = {}
    for (label, seed), of in columns.items():
        tables.setdefault(label, {})[seed] = [value for at in there if (value := of[at]) is not None]
    return dict(tables), [task.questions[at].cluster for at in there]
