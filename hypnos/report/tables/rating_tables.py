"""Turns what raters and judges gave into tables: means and variances by indicator, and win rates."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from hypnos.report.results import Duel, Indicator, Rating
from hypnos.report.statistics.intervals import SHARE, Interval, mean_interval
from hypnos.report.tables.table import Column, Grid


def rating_grids(
    ratings: Sequence[Rating], *, indicators: Sequence[Indicator], models: Sequence[str], key: str, title: str
) -> Iterator[Grid]:
    """Yields for each task the mean of each indicator, and its variance over answers, by model.

    Raters are drawn from more of their kind, and their ratings are one table. Judges are not pooled: each has a table
    of its own, and where there is one alone its name stands in no key.
    """
    judges = [] if key == "raters" else list(dict.fromkeys(rating.rater for rating in ratings))
    for task in dict.fromkeys(rating.task for rating in ratings):
        of_task = [rating for rating in ratings if rating.task == task]
        for judge in [judge for judge in judges if judge in {rating.rater for rating in of_task}] or [""]:
            by = f" by {judge}" if judge else ""
            yield from _means_and_variances(
                [rating for rating in of_task if judge in ("", rating.rater)],
                indicators=indicators,
                models=models,
                key=f"{task}/{key}" + (f"_{judge}" if len(judges) > 1 else ""),
                title=f"{task}: {title}{by}",
            )


def _means_and_variances(
    rows: Sequence[Rating], *, indicators: Sequence[Indicator], models: Sequence[str], key: str, title: str
) -> Iterator[Grid]:
    scales = rated_scales(rows, indicators)
    columns = tuple(map(column_of_scale, scales))
    means, variances = [], []
    for model in models:
        by_scale = [[r for r in rows if r.model == model and r.indicator == scale.key] for scale in scales]
        if any(by_scale):
            means.append((model, tuple(_mean(part, scale) for part, scale in zip(by_scale, scales))))
            variances.append((model, tuple(map(_variance, by_scale))))
    yield Grid(key=key, title=f"{title}, mean", columns=columns, rows=tuple(means))
    spread = tuple(Column(name=c.name, better="neither", scale=1.0, digits=2) for c in columns)
    yield Grid(key=f"{key}_variance", title=f"{title}, variance", columns=spread, rows=tuple(variances))


def duel_grids(duels: Sequence[Duel], *, models: Sequence[str]) -> Iterator[Grid]:
    """Yields for each task and judge how often the row's model wins against the column's; a tie is half a win.

    Judges are not pooled: each has a taste of its own. Where there is one alone, its name stands in no key.
    """
    judges = list(dict.fromkeys(duel.judge for duel in duels))
    for task, judge in dict.fromkeys((duel.task, duel.judge) for duel in duels):
        own = [duel for duel in duels if (duel.task, duel.judge) == (task, judge)]
        rows = []
        for row in models:
            cells = []
            for column in models:
                won = [_won(duel, row) for duel in own if {duel.first, duel.second} == {row, column}]
                cells.append(mean_interval(*zip(*won), bounds=SHARE) if won and row != column else None)
            rows.append((row, tuple(cells)))
        signature = "judge, pairs in both orders"
        by = f" by {judge}" if judge else ""
        yield Grid(
            key=f"{task}/duels" + (f"_{judge}" if len(judges) > 1 else ""),
            title=f"{task}: win rate{by} of the row against the column (a tie counts half)",
            columns=tuple(Column(name=model, better="neither", signature=signature) for model in models),
            rows=tuple(rows),
        )


def rated_scales(rows: Sequence[Rating], indicators: Sequence[Indicator]) -> list[Indicator]:
    """The scales that were rated: the known ones in their order, then the others."""
    known = {indicator.key: indicator for indicator in indicators}
    rated = dict.fromkeys(rating.indicator for rating in rows)
    keys = dict.fromkeys([*(key for key in known if key in rated), *rated])
    return [known.get(key, Indicator(key=key, title=key)) for key in keys]


def turn(value: float, scale: Indicator) -> float:
    """A rating as tables show it: harm is turned round where the scale has a name for its opposite."""
    return scale.top - value if _turned(scale) else value


def column_of_scale(scale: Indicator) -> Column:
    """The column of a scale."""
    turned = _turned(scale)
    signature = f"0 to {scale.top:g}" + (f", {scale.top:g} − {scale.title}" if turned else "")
    title, better = (scale.turned, "higher") if turned else (scale.title, scale.better)
    return Column(name=title, signature=signature, better=better, scale=1.0, digits=2)  # type: ignore[arg-type]


def _turned(scale: Indicator) -> bool:
    return scale.better == "lower" and bool(scale.turned)


def _mean(rows: Sequence[Rating], scale: Indicator) -> Interval | None:
    if not rows:
        return None
    values = [turn(row.value, scale) for row in rows]
    groups, raters = [row.group or row.item for row in rows], [row.rater for row in rows]
    return mean_interval(values, groups, raters, bounds=(0.0, scale.top))


def _variance(rows: Sequence[Rating]) -> Interval | None:
    """Of the values over all answers and raters; without an interval."""
    if len(rows) < 2:
        return None
    value = float(np.var([row.value for row in rows], ddof=1))
    groups, raters = ({row.group or row.item for row in rows}, {row.rater for row in rows})
    return Interval(value, math.nan, math.nan, len(rows), len(groups), len(raters))


def _won(duel: Duel, model: str) -> tuple[float, str, str]:
    """The wins, the group and the judge."""
    outcome = duel.outcome if duel.first == model else -duel.outcome
    return (outcome + 1) / 2, duel.group or duel.item, duel.judge
