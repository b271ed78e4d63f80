"""Print every measured promise beside its figure; fail on a miss: `make hold`."""

import logging
import sys

from bench.commands import answers_at_once, bundled
from bench.promise import Measure
from bench.training import real_model, sample
from bench.vocabulary import new_rows, real_bases

MEASURES: list[Measure] = [bundled, answers_at_once, new_rows, real_bases, real_model, sample]


def main() -> int:
    """Measure one after another, so that none disturbs the other's time."""
    logging.disable(logging.WARNING)
    missed = 0
    for measure in MEASURES:
        for promise in measure():
            figure = "-" if promise.figure is None else f"{promise.figure:.4g}"
            print(f"{promise.verdict:8} {figure:>10}  at most {promise.bound:<8.4g} {promise.what}", flush=True)
            missed += promise.verdict == "MISSED"
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
