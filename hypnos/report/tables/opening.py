"""Makes the table that a report opens with: models by tasks, with ranks, the chance level, and what differs."""

from collections.abc import Mapping, Sequence

from hypnos.report.results import Note, Question, Results, TaskQuestions
from hypnos.report.statistics.intervals import LEVEL
from hypnos.report.statistics.paired_tests import NOT_TESTABLE
from hypnos.report.tables.metric_tables import ModelTest, column_of, headline_metrics, label_of, model_intervals

TITLE = "At a glance"
CHANCE = "chance"

_MOST = 12
"""Differences of a task that are told one by one."""


def opening_note(results: Results, tests: Mapping[str, Sequence[ModelTest]]) -> Note:
    """One row for each model, one column for each task: its first headline metric, interval and rank.

    A rank is a range: from 1 and the number of models that are better, to as many as are not worse, by differences that
    hold after Holm's correction.

    Args:
        results: of all models and tasks.
        tests: of each task, between its models on its headline metrics.
    """
    columns = [_column(results, task, tests[task.name]) for task in results.tasks]
    chances = [chance_level(task) for task in results.tasks]
    rows = [(model, *(cells.get(model, "–") for _, cells in columns)) for model in results.models]
    if any(chance is not None for chance in chances):
        rows.append((CHANCE, *("–" if chance is None else f"{100 * chance:.1f}" for chance in chances)))
    differences = [_differences(task, tests[task.name]) for task in results.tasks]
    return Note(
        title=TITLE,
        head=("model", *(head for head, _ in columns)),
        rows=tuple(rows),
        text="\n".join(
            [
                "First headline metric of each task with its 95 % interval; in brackets the rank, a range where no "
                "difference holds. Chance: one option, or one set of options, at random.",
                *filter(None, differences),
            ]
        ),
    )


def chance_level(task: TaskQuestions) -> float | None:
    """The accuracy of guessing: one option at random, or, where several may be right, one set of options.

    None for tasks that are not chosen from options.
    """
    if task.kind != "choice" or not task.questions:
        return None
    return sum(map(_chance, task.questions)) / len(task.questions)


def _chance(question: Question) -> float:
    options = len(question.options)
    return 1 / (2**options - 1 if question.multiple else options)


def _column(results: Results, task: TaskQuestions, tests: Sequence[ModelTest]) -> tuple[str, dict[str, str]]:
    """The heading of a task, and each model's cell."""
    metric = headline_metrics(task)[0]
    column = column_of(metric)
    intervals = model_intervals(results, task, metric)
    holding = [(test.better, test.worse) for test in tests if test.metric == metric and test.holds]
    cells = {}
    for model, interval in intervals.items():
        best = 1 + sum(worse == model for _, worse in holding)
        last = len(intervals) - sum(better == model for better, _ in holding)
        rank = "" if len(intervals) < 2 else f" ({best})" if best == last else f" ({best}–{last})"
        cells[model] = " ".join(filter(None, [column.write(interval.value), column.write_interval(interval)])) + rank
    return f"{task.title or task.name}: {column.title}", cells


def _differences(task: TaskQuestions, tests: Sequence[ModelTest]) -> str:
    """Which models are better than which on the first headline metric, in a sentence; empty where one was asked."""
    metric = headline_metrics(task)[0]
    own = [test for test in tests if test.metric == metric]
    if not own:
        return ""
    name = f"{task.title or task.name}, {label_of(metric)}:"
    holding = [test for test in own if test.holds]
    if all(test.comparison.untested == NOT_TESTABLE for test in own):
        return f"{name} differences are {NOT_TESTABLE}."
    if not holding:
        return f"{name} no difference holds (Holm, p < {1 - LEVEL:.2f})."
    if len(holding) > _MOST:
        return f"{name} {len(holding)} of {len(own)} differences hold (Holm, p < {1 - LEVEL:.2f})."
    beaten: dict[str, list[str]] = {}
    for test in holding:
        beaten.setdefault(test.better, []).append(test.worse)
    parts = "; ".join(f"{better} above {', '.join(worse)}" for better, worse in beaten.items())
    return f"{name} {parts} (Holm, p < {1 - LEVEL:.2f})."
