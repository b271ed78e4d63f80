"""Compares arms of a sweep on the benchmark: means over seeds, and tests against the reference."""

from collections.abc import Mapping, Sequence

from hypnos.experiment.sweep.arms import Arm
from hypnos.experiment.sweep.seeds import ArmComparison, SeedValues, compare_with_reference, mean_over_seeds
from hypnos.experiment.sweep.tables import correct_together, tests_note
from hypnos.report.results import Metric, Note, Results, TaskQuestions
from hypnos.report.statistics.intervals import Interval
from hypnos.report.tables.metric_tables import column_of, headline_metrics, label_of
from hypnos.report.tables.table import Grid


def benchmark_tables(
    arms_by_label: Mapping[str, Sequence[Arm]], scores: Results, reference: str
) -> tuple[list[Grid], list[Note]]:
    """A table and tests for each task, from its headline metrics.

    Args:
        arms_by_label: finished arms.
        scores: its models are named as the arms are.
        reference: label of the arm that others are tested against.
    """
    grids, notes = [], []
    for task in scores.tasks:
        metrics = headline_metrics(task)
        tests: list[tuple[str, ArmComparison]] = []
        cells: dict[str, list[Interval | None]] = {label: [] for label in arms_by_label}
        for metric in metrics:
            values, groups = _values_of_shared_questions(arms_by_label, scores, task, metric)
            for label in arms_by_label:
                cells[label].append(mean_over_seeds(values[label], groups) if values.get(label) else None)
            if values.get(reference):
                others = {label: table for label, table in values.items() if label != reference and table}
                comparisons = compare_with_reference(values[reference], others, groups)
                tests += [(label_of(metric), comparison) for comparison in comparisons]
        title = task.title or task.name
        columns = tuple(column_of(metric) for metric in metrics)
        rows = tuple((label, tuple(row)) for label, row in cells.items())
        grids.append(Grid(key=f"benchmark/{task.name}", title=title, columns=columns, rows=rows, corner="arm"))
        note = tests_note(f"{title}: arms against {reference}", correct_together(tests), reference, columns[0])
        notes += [note] if note else []
    return grids, notes


def _values_of_shared_questions(
    arms_by_label: Mapping[str, Sequence[Arm]], scores: Results, task: TaskQuestions, metric: Metric
) -> tuple[dict[str, SeedValues], list[str]]:
    """By label and seed, values of the questions to which every arm has one; and the groups of these."""
    columns = {
        (label, arm.seed): answers.scores[metric.name]
        for label, arms in arms_by_label.items()
        for arm in arms
        if (answers := scores.answers_of(model=arm.name, task=task.name)) and metric.name in answers.scores
    }
    shared = [
        number
        for number in range(len(task.questions))
        if all(values[number] is not None for values in columns.values())
    ]
    by_label: dict[str, dict[str, list[float]]] = {}
    for (label, seed), values in columns.items():
        by_label.setdefault(label, {})[seed] = [value for number in shared if (value := values[number]) is not None]
    return dict(by_label), [task.questions[number].cluster for number in shared]
