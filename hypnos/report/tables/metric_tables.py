"""Turns results into tables: models by metrics for each task, slices, and tests between models."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from hypnos.report.results import Answers, Metric, Note, PairedTest, Question, Results, TaskQuestions
from hypnos.report.statistics.intervals import LEVEL, METHOD, SHARE, Bounds, Interval, mean_interval
from hypnos.report.statistics.paired_tests import Comparison, compare, correct
from hypnos.report.tables.paired_note import paired_note
from hypnos.report.tables.table import Column, Grid

FAMILIES = {
    "choice": "choice of options",
    "characters": "answers against references, on characters",
    "words": "answers against references, on words",
    "characters_corpus": "all answers together, on characters",
    "words_corpus": "all answers together, on words",
    "safety": "share of answers at fault by the specialty's rules",
    "answers": "form of the answers",
}
"""Tables of a task, in their order."""


def task_grids(results: Results, task: TaskQuestions) -> list[Grid]:
    """One table for each family of metrics that the task has: models by metrics."""
    answered = results.answers_to(task.name)
    intervals = _intervals(task, answered)
    grids = []
    for family, title in FAMILIES.items():
        metrics = [metric for metric in task.metrics if metric.family == family]
        if metrics:
            rows = tuple((a.model, tuple(intervals.get((a.model, m.name)) for m in metrics)) for a in answered)
            columns = tuple(column_of(metric) for metric in metrics)
            name = f"{task.title or task.name}: {title}"
            grids.append(Grid(key=f"{task.name}/{family}", title=name, columns=columns, rows=rows))
    return grids


def model_intervals(results: Results, task: TaskQuestions, metric: Metric) -> dict[str, Interval]:
    """The mean of each model that has this metric."""
    groups, name = _groups(task), metric.name
    return {
        answers.model: answers.corpus[name]
        if name in answers.corpus
        else mean_interval(answers.scores[name], groups, bounds=_bounds(metric))
        for answers in results.answers_to(task.name)
        if name in answers.corpus or name in answers.scores
    }


def headline_metrics(task: TaskQuestions) -> list[Metric]:
    """The metrics of a task that are drawn and tested; the first one stands for the task."""
    first = ("accuracy", "f1", "rouge_l")
    metrics = [metric for metric in task.metrics if metric.headline] or list(task.metrics[:1])
    return sorted(metrics, key=lambda metric: first.index(metric.name) if metric.name in first else len(first))


def slice_grids(results: Results, task: TaskQuestions) -> Iterator[Grid]:
    """Yields the task's first headline metric by level, by kind of choice, by stem and by topic, where they differ."""
    metric = headline_metrics(task)[0]
    answered = [answers for answers in results.answers_to(task.name) if metric.name in answers.scores]
    topics = results.topics_of(task)
    levels = sorted({question.level for question in task.questions if question.level})
    kinds: dict[str, dict[str, Callable[[Question], bool]]] = {
        "level": {f"level {level}": lambda q, level=level: q.level == level for level in levels},  # type: ignore[misc]
        "answers": {"one right answer": lambda q: not q.multiple, "several right answers": lambda q: q.multiple},
        "stem": {"positive stem": lambda q: not q.negative, "negative stem": lambda q: q.negative},
        "topic": {results.topics.get(t, t): lambda q, t=t: q.topic == t for t in topics},  # type: ignore[misc]
    }
    for kind, parts in kinds.items():
        chosen = {name: [holds(q) for q in task.questions] for name, holds in parts.items()}
        chosen = {name: mask for name, mask in chosen.items() if any(mask)}
        if len(chosen) < 2 or not answered:
            continue
        cells = {name: _intervals_of_part(task, answered, metric, mask) for name, mask in chosen.items()}
        yield Grid(
            key=f"{task.name}/by_{kind}",
            title=f"{task.title or task.name}: {label_of(metric)} by {kind}",
            columns=tuple(column_of(metric, name=name) for name in chosen),
            rows=tuple((a.model, tuple(cells[name][at] for name in chosen)) for at, a in enumerate(answered)),
        )


@dataclass(frozen=True, slots=True)
class ModelTest:
    """Two models on one headline metric of a task, tested on the questions that both answered."""

    metric: Metric
    first: str
    second: str
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether the difference stands after Holm's correction, on a metric that has a good end."""
        return self.comparison.adjusted < 1 - LEVEL and self.metric.better != "neither"

    @property
    def better(self) -> str:
        """The model with the better mean."""
        return self.first if (self.comparison.difference > 0) == (self.metric.better == "higher") else self.second

    @property
    def worse(self) -> str:
        """The other one."""
        return self.second if self.better == self.first else self.first


def model_tests(results: Results, task: TaskQuestions) -> list[ModelTest]:
    """Tests between all pairs of models on the task's headline metrics, corrected together for each metric."""
    pairs = [
        (metric, first, second)
        for metric in headline_metrics(task)
        for first, second in combinations(results.answers_to(task.name), 2)
        if metric.name in first.scores and metric.name in second.scores
    ]
    groups = _groups(task)
    comparisons = correct(
        [metric.name for metric, _, _ in pairs],
        [
            compare(first.scores[metric.name], second.scores[metric.name], groups, bounds=_bounds(metric))
            for metric, first, second in pairs
        ],
    )
    return [
        ModelTest(metric, first.model, second.model, comparison)
        for (metric, first, second), comparison in zip(pairs, comparisons, strict=True)
    ]


def comparison_note(task: TaskQuestions, tests: Sequence[ModelTest]) -> Note | None:
    """The tests between all pairs of models as a table; None where there are none."""
    if not tests:
        return None
    rows = []
    for test in tests:
        names = {"measure": label_of(test.metric), "first": test.first, "second": test.second}
        rows.append((column_of(test.metric), PairedTest(**names, comparison=test.comparison)))
    return paired_note(f"{task.title or task.name}: differences between models", rows, measure="metric")


def label_of(metric: Metric) -> str:
    """A metric's name in print."""
    return metric.label or metric.name


def column_of(metric: Metric, name: str | None = None) -> Column:
    """The column of a metric, or of a part of its questions called `name`."""
    return Column(
        name=name or metric.name,
        label=name or label_of(metric),
        signature=metric.signature,
        better=metric.better,
        scale=100.0 if metric.share else 1.0,
    )


def method_note() -> str:
    """Says how intervals were made, as the head of a report."""
    return f"Numbers are means with 95 % intervals: {METHOD}. Shares are in percent."


def _groups(task: TaskQuestions) -> list[Hashable]:
    return [question.cluster for question in task.questions]


def _intervals(task: TaskQuestions, answered: Sequence[Answers]) -> dict[tuple[str, str], Interval]:
    """Every mean of every model, by model and metric."""
    whole_task = {(answers.model, name): value for answers in answered for name, value in answers.corpus.items()}
    columns = {(answers.model, name): values for answers in answered for name, values in answers.scores.items()}
    bounds = {metric.name: _bounds(metric) for metric in task.metrics}
    groups = _groups(task)
    means = {key: mean_interval(values, groups, bounds=bounds.get(key[1])) for key, values in columns.items()}
    return {**whole_task, **means}


def _intervals_of_part(
    task: TaskQuestions, answered: Sequence[Answers], metric: Metric, mask: Sequence[bool]
) -> list[Interval]:
    """The mean of each model over the questions of a mask."""
    columns = [[v for v, chosen in zip(answers.scores[metric.name], mask) if chosen] for answers in answered]
    groups = [group for group, chosen in zip(_groups(task), mask) if chosen]
    return [mean_interval(column, groups, bounds=_bounds(metric)) for column in columns]


def _bounds(metric: Metric) -> Bounds | None:
    return SHARE if metric.share else None
