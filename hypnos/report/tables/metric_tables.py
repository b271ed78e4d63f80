"""From results to tables: models by metrics for each task, slices, and tests between models."""

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations

from hypnos.report.results import Answers, Metric, Note, Question, Results, TaskQuestions
from hypnos.report.statistics.intervals_and_tests import (
    METHOD,
    RESAMPLES,
    SHARE,
    Bounds,
    Interval,
    compare_many,
    mean_intervals,
)
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
    there = _answered(results, task)
    intervals = _intervals(task, there)
    grids = []
    for family, title in FAMILIES.items():
        metrics = [metric for metric in task.metrics if metric.family == family]
        if metrics:
            rows = tuple((a.model, tuple(intervals.get((a.model, m.name)) for m in metrics)) for a in there)
            columns = tuple(column_of(metric) for metric in metrics)
            name = f"{task.title or task.name}: {title}"
            grids.append(Grid(key=f"{task.name}/{family}", title=name, columns=columns, rows=rows))
    return grids


def headline_metrics(task: TaskQuestions) -> list[Metric]:
    """The metrics of a task that are drawn and tested; the first one stands for the task."""
    first = ("accuracy", "f1", "rouge_l")
    found = [metric for metric in task.metrics if metric.headline] or list(task.metrics[:1])
    return sorted(found, key=lambda metric: first.index(metric.name) if metric.name in first else len(first))


def slice_grids(results: Results, task: TaskQuestions) -> Iterator[Grid]:
    """Yields the task's first headline metric by level, by kind of choice, by stem and by topic, where they differ."""
    metric = headline_metrics(task)[0]
    there = [a for a in _answered(results, task) if metric.name in a.scores]
    topics = list(dict.fromkeys(question.topic for question in task.questions if question.topic))
    levels = sorted({question.level for question in task.questions if question.level})
    kinds: dict[str, dict[str, Callable[[Question], bool]]] = {
        "level": {f"level {level}": lambda q, level=level: q.level == level for level in levels},  # type: ignore[misc]
        "answers": {"one right answer": lambda q: not q.multiple, "several right answers": lambda q: q.multiple},
        "stem": {"positive stem": lambda q: not q.negative, "negative stem": lambda q: q.negative},
        "topic": {results.topics.get(t, t): lambda q, t=t: q.topic == t for t in topics},  # type: ignore[misc]
    }
    for kind, parts in kinds.items():
        chosen = {name: [holds(q) for q in task.questions] for name, holds in parts.items()}
        chosen = {name: which for name, which in chosen.items() if any(which)}
        if len(chosen) < 2 or not there:
            continue
        cells = {name: _part(task, there, metric, which) for name, which in chosen.items()}
        yield Grid(
            key=f"{task.name}/by_{kind}",
            title=f"{task.title or task.name}: {label_of(metric)} by {kind}",
            columns=tuple(column_of(metric, name=name) for name in chosen),
            rows=tuple((a.model, tuple(cells[name][at] for name in chosen)) for at, a in enumerate(there)),
        )


def comparison_note(results: Results, task: TaskQuestions) -> Note | None:
    """Tests between all pairs of models on the task's headline metrics, corrected together."""
    metrics = headline_metrics(task)
    there = _answered(results, task)
    asked = [
        (metric, first, second)
        for metric in metrics
        for first, second in combinations(there, 2)
        if metric.name in first.scores and metric.name in second.scores
    ]
    if not asked:
        return None
    found = compare_many(
        [(a.scores[m.name], b.scores[m.name]) for m, a, b in asked],
        _groups(task),
        bounds=[_bounds(m) for m, _, _ in asked],
    )
    rows = []
    for (metric, first, second), c in zip(asked, found):
        column = column_of(metric)
        ends = f"[{column.write(c.low)}, {column.write(c.high)}]"
        p_values = (write_p(c.p), write_p(c.p_bootstrap), write_p(c.adjusted))
        sizes = str(c.n), str(c.groups)
        names = label_of(metric), first.model, second.model
        rows.append((*names, column.write(c.difference), ends, *p_values, *sizes))
    return Note(
        title=f"{task.title or task.name}: differences between models",
        head=(
            *("metric", "first", "second", "first − second", "95 % interval"),
            *("p (permutation)", "p (bootstrap)", "p (Holm)", "n", "groups"),
        ),
        rows=tuple(rows),
        text=f"Paired by question, whole groups swapped, {RESAMPLES:,} permutations (all of them where at most 14 "
        f"groups differ). Holm's correction over the {len(rows)} tests of this table.",
    )


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
    """How intervals and tests were made, as one sentence for the report's head."""
    return f"Numbers are means with 95 % intervals: {METHOD}. Shares are in percent."


def write_p(p: float) -> str:
    """A p value as it is printed."""
    return "–" if math.isnan(p) else ("< 0.001" if p < 0.001 else f"{p:.3f}")


def _answered(results: Results, task: TaskQuestions) -> list[Answers]:
    found = (results.of(model=model, task=task.name) for model in results.models)
    return [answers for answers in found if answers is not None]


def _groups(task: TaskQuestions) -> list[Hashable]:
    return [question.cluster for question in task.questions]


def _intervals(task: TaskQuestions, there: Sequence[Answers]) -> dict[tuple[str, str], Interval]:
    """Every mean of every model, resampled together."""
    found = {(a.model, name): value for a in there for name, value in a.corpus.items()}
    names = [(a, name) for a in there for name in a.scores]
    bounds = {metric.name: _bounds(metric) for metric in task.metrics}
    means = mean_intervals(
        [a.scores[name] for a, name in names], _groups(task), bounds=[bounds.get(name) for _, name in names]
    )
    return {**found, **{(a.model, name): interval for (a, name), interval in zip(names, means)}}


def _part(task: TaskQuestions, there: Sequence[Answers], metric: Metric, which: Sequence[bool]) -> list[Interval]:
    columns = [[v for v, chosen in zip(a.scores[metric.name], which) if chosen] for a in there]
    groups = [group for group, chosen in zip(_groups(task), which) if chosen]
    return mean_intervals(columns, groups, bounds=[_bounds(metric)] * len(columns))


def _bounds(metric: Metric) -> Bounds | None:
    return SHARE if metric.share else None
