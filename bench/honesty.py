"""How often printed intervals hold the truth, and how often a printed p cries wolf: by simulation."""

from collections.abc import Callable, Iterator, Sequence

from bench.honest_questions import KINDS, questions
from bench.honest_ratings import duels, ratings
from bench.promise import Promise
from bench.situation import Figures, Situation

RUNS, AGAIN = 1_000, 5_000
"""Runs of each situation, and of one that missed its bound: chance alone takes one of a hundred over it."""

ALARMS, MISSED, HELD = 6.0, 7.0, 99.0
"""Percent at most: p below 0.05 where nothing differs, intervals without the truth, and intervals with it."""

MEASURES: dict[str, tuple[float, Callable[[Figures], float]]] = {
    "p below 0.05 where nothing differs, %": (ALARMS, lambda figures: figures.alarms),
    "means without the truth, %": (MISSED, lambda figures: figures.mean_missed),
    "differences without the truth, %": (MISSED, lambda figures: figures.difference_missed),
}
TOO_WIDE: dict[str, Callable[[Figures], float]] = {
    "means with the truth, %": lambda figures: 100 - figures.mean_missed,
    "differences with the truth, %": lambda figures: 100 - figures.difference_missed,
}


def keep_worst(simulated: dict[Situation, Figures], measure: Callable[[Figures], float], bound: float) -> Situation:
    """The situation with the highest figure; one over the bound is first simulated again, with more runs."""
    again: set[Situation] = set()
    while True:
        worst = max(simulated, key=lambda case: measure(simulated[case]))
        if measure(simulated[worst]) <= bound or worst in again:
            return worst
        simulated[worst] = worst.simulate(AGAIN)
        again.add(worst)


def promises_of(name: str, cases: Sequence[Situation]) -> Iterator[Promise]:
    """The worst situation of each measure; where there are few groups or values, the upper bound is no promise."""
    simulated = {case: case.simulate(RUNS) for case in cases}
    for what, (bound, measure) in MEASURES.items():
        worst = keep_worst(simulated, measure, bound)
        yield Promise(f"{name}: {what}: worst of {len(cases)} ({worst})", measure(simulated[worst]), bound)
    for what, measure in TOO_WIDE.items():
        for coarse, bound in ((False, HELD), (True, 100.0)):
            part = {case: figures for case, figures in simulated.items() if case.coarse == coarse}
            if part:
                worst = keep_worst(part, measure, bound)
                among = f"{len(part)} with few groups or values" if coarse else f"{len(part)} others"
                yield Promise(f"{name}: {what}: most of {among} ({worst})", measure(part[worst]), bound)


def honest_numbers() -> Iterator[Promise]:
    """The worst situation of each kind."""
    for kind in KINDS:
        yield from promises_of(kind, [case for case in questions() if case.kind == kind])
    yield from promises_of("ratings", list(ratings()))
    yield from promises_of("wins", list(duels()))


if __name__ == "__main__":
    for promise in honest_numbers():
        print(f"{promise.verdict:8} {promise.figure:>6.3g}  at most {promise.bound:<5g} {promise.what}", flush=True)
