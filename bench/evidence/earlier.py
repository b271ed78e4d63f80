"""Rows of the claim sheet out of the section of docs/results.md that `bench.study` wrote.

An interval there may know little of other seeds, so that Student's t over the seeds' differences is held beside it: a
verdict rests on the wider one at either end.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bench.evidence.verdict import Finding, find
from hypnos.report.statistics.intervals import Interval

AGAINST = "#### Held-out text: arms against "

Line = Mapping[str, str]


def try_earlier(section: str, settings: Mapping[str, Any]) -> list[Finding]:
    """The findings about the differences that `settings/study.yaml` names, those that the section holds.

    Args:
        section: what `bench.study` wrote.
        settings: the claims.
    """
    lines = list(_differences(section))
    return [
        _finding(name, claim, line)
        for name, claim in settings["claims"].items()
        for line in lines
        if all(line.get(part) == value for part, value in claim["difference"].items())
    ]


def _differences(section: str) -> Iterator[Line]:
    """Every row of the tables of differences, by column; `reference` and `difference` are named alike in all."""
    for part in f"\n{section}".split(f"\n{AGAINST}")[1:]:
        reference, _, rest = part.partition("\n")
        table = [_cells(line) for line in rest.partition("\n#")[0].splitlines() if line.startswith("|")]
        if len(table) < 3:
            continue
        head = ["difference" if "−" in name else name for name in table[0]]
        for cells in table[2:]:
            yield {"reference": reference.strip(), **dict(zip(head, cells, strict=True))}


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\", "") for cell in line.strip().strip("|").split("|")]


def _finding(name: str, claim: Mapping[str, Any], line: Line) -> Finding:
    value = float(line["difference"].replace("−", "-"))
    low, high = map(float, re.findall(r"-?\d+\.\d+", line["95 % interval"].replace("−", "-")))
    seeds = [float(one) for one in re.findall(r": (-?\d+\.\d+)", line.get("by seed", "").replace("−", "-"))]
    counts = (int(line.get("n", 0) or 0), int(line.get("groups", 0) or 0), len(seeds))

    def at_level(level: float) -> Interval:
        half = _over_seeds(seeds, level)
        # The interval of the page is of 95 %: by the normal law a wider one is so many times as wide.
        times = _normal(level) / _normal(0.95)
        ends = (min(value + (low - value) * times, value - half), max(value + (high - value) * times, value + half))
        return Interval(value, *ends, *counts)

    return find(name, claim, at_level, seeds=len(seeds))


def _over_seeds(values: list[float], level: float) -> float:
    """Half of Student's interval of the mean over seeds; infinite of a single one."""
    if len(values) < 2:
        return math.inf
    from scipy.stats import t

    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(t.ppf((1 + level) / 2, len(values) - 1)) * error


def _normal(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))
