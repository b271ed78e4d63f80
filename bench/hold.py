"""Print every measured promise beside its figure; fail on a miss: `make hold`.

python -m bench.hold curation    one part alone: training, exactness, curation, benchmark, sweeps
"""

import logging
import sys

from bench import (
    benchmark,
    curation,
    curation_speed,
    data,
    estimate,
    exactness,
    filtering,
    honesty,
    llm,
    many_servers,
    meaning,
    metrics,
    provider_limits,
    sweeps,
)
from bench.commands import answers_at_once, bundled
from bench.promise import Measure
from bench.training import real_model, sample
from bench.vocabulary import new_rows, real_bases

TRAINING: list[Measure] = [
    *(bundled, answers_at_once, new_rows, real_bases, real_model, sample),
    *(data.pairs_by_the_hundred_thousand, estimate.memory),
]
EXACTNESS: list[Measure] = [exactness.kills, exactness.ranks, exactness.hand_off]
CURATION: list[Measure] = [
    *(filtering.recorded_default, filtering.twenty_kills, filtering.memory),
    *(llm.five_thousand, llm.twenty_kills, llm.throughput, llm.flat_memory, many_servers.three_servers),
    provider_limits.six_limits,
    *(meaning.misfits, meaning.paraphrases, meaning.cut_answers),
    *(curation.planted, curation_speed.copies, curation_speed.selecting),
]
BENCHMARK: list[Measure] = [
    *(metrics.quick_metrics, metrics.equal_metrics, honesty.honest_numbers),
    *(benchmark.likelihood_of_a_peer, benchmark.generation_speed),
]
ROOMS: dict[str, list[Measure]] = {
    "training": TRAINING,
    "exactness": EXACTNESS,
    "curation": CURATION,
    "benchmark": BENCHMARK,
    "sweeps": [sweeps.strategy],
}


def main(rooms: list[str]) -> int:
    """Measure one after another, so that none disturbs the other's time."""
    logging.disable(logging.WARNING)
    missed = 0
    for measure in (measure for room in rooms for measure in ROOMS[room]):
        for promise in measure():
            figure = "-" if promise.figure is None else f"{promise.figure:.4g}"
            print(f"{promise.verdict:8} {figure:>10}  at most {promise.bound:<8.4g} {promise.what}", flush=True)
            missed += promise.verdict == "MISSED"
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(ROOMS)))
