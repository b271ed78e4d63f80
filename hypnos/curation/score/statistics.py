"""Gathers what the scores look like as a whole while they stream by: distributions, noise, self-preference."""

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

ONE_VALUE = 0.9
"""Share of a single value above which a scorer is reported as one that answers the same to everything."""
FEWEST = 20
"""Scores below which no such report is made."""
WIDE = 1.96
"""Half of a 95 % interval, in standard errors."""


@dataclass(slots=True)
class Mean:
    """A running mean with its interval (Welford)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)

    def plain(self) -> dict[str, float]:
        """Mean, and the ends of its 95 % interval by the normal law."""
        error = math.sqrt(self.squares / (self.count - 1) / self.count) if self.count > 1 else math.nan
        half = WIDE * error
        ends = {} if math.isnan(half) else {"low": round(self.mean - half, 4), "high": round(self.mean + half, 4)}
        return {"n": self.count, "mean": round(self.mean, 4), **ends}


class ScoreStatistics:
    """Distributions, noise between repeats, and self-preference; memory does not grow with the records."""

    def __init__(self, aspects: Sequence[str]) -> None:
        self.aspects = aspects
        self.unreadable = 0
        self._values: defaultdict[tuple[str, str, str], Counter[float]] = defaultdict(Counter)
        self._spread: defaultdict[tuple[str, str], Mean] = defaultdict(Mean)
        self._own: defaultdict[tuple[str, str], Mean] = defaultdict(Mean)
        self._others: defaultdict[tuple[str, str], Mean] = defaultdict(Mean)

    def add(self, author: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Take in the scores of one record."""
        by_scorer: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in entries:
            by_scorer[str(entry.get("scorer"))].append(entry)
        for aspect in self.aspects:
            means = {}
            for scorer, own in by_scorer.items():
                values = [entry[aspect] for entry in own if isinstance(entry.get(aspect), int | float)]
                if not values:
                    continue
                self._values[scorer, author, aspect].update(values)
                means[scorer] = sum(values) / len(values)
                if len(values) > 1:
                    deviations = sum((value - means[scorer]) ** 2 for value in values)
                    self._spread[scorer, aspect].add(math.sqrt(deviations / (len(values) - 1)))
            if author in means and len(means) > 1:
                self._compare(author, aspect, means)

    def _compare(self, author: str, aspect: str, means: Mapping[str, float]) -> None:
        """A record that its author and others scored: each scorer's distance to the mean of the others."""
        for scorer, value in means.items():
            others = [mean for name, mean in means.items() if name != scorer]
            target = self._own if scorer == author else self._others
            target[scorer, aspect].add(value - sum(others) / len(others))

    def warn(self) -> None:
        """Name a scorer that gives one value to nearly everything."""
        joined: defaultdict[tuple[str, str], Counter[float]] = defaultdict(Counter)
        for (scorer, _, aspect), values in self._values.items():
            joined[scorer, aspect] += values
        for (scorer, aspect), values in joined.items():
            (value, count), total = values.most_common(1)[0], values.total()
            if total >= FEWEST and count > ONE_VALUE * total:
                log.warning(
                    "%s gives %s to %.0f %% of all records in %s", scorer, f"{value:g}", 100 * count / total, aspect
                )

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it; keys are sorted, so that the same scores give the same bytes."""
        distribution: dict[str, Any] = {}
        for (scorer, author, aspect), values in sorted(self._values.items()):
            by_aspect = distribution.setdefault(scorer, {}).setdefault(author, {})
            by_aspect[aspect] = {f"{value:g}": count for value, count in sorted(values.items())}
        return {
            "unreadable": self.unreadable,
            "distribution": distribution,
            "repeat_sd": _nested(self._spread),
            "self_preference": {"own_records": _nested(self._own), "records_of_others": _nested(self._others)},
        }


def _nested(means: Mapping[tuple[str, str], Mean]) -> dict[str, dict[str, dict[str, float]]]:
    nested: dict[str, dict[str, dict[str, float]]] = {}
    for (scorer, aspect), mean in sorted(means.items()):
        nested.setdefault(scorer, {})[aspect] = mean.plain()
    return nested
