"""Time, memory, disk and money of curating millions of records, from constants measured here.

python -m bench.scale_records    prints the tables of docs/scale.md

A step takes as long as its workers or the one main process, whichever is slower, and what does not grow. Where the
constants come from, and which of them are estimates, stands in docs/scale.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hypnos.curation.similarity.seen_records import LOOKS, STRETCH

MICRO = 1e-6


@dataclass(frozen=True, slots=True)
class StepCost:
    """What a step takes for a record.

    Attributes:
        worker: microseconds of a worker.
        main: microseconds of the main process, which reads, hands out, joins and writes.
        fixed: seconds that do not grow: what a step learns from a sample.
    """

    name: str
    worker: float
    main: float
    fixed: float = 0.0

    def hours(self, records: float, cores: int) -> float:
        """Hours on so many cores, one of which the main process has where there are several."""
        if cores == 1:
            return (records * (self.worker + self.main) * MICRO + self.fixed) / 3600
        working = records * self.worker * MICRO / cores
        joining = records * self.main * MICRO
        # On few cores both share them.
        together = records * (self.worker + self.main) * MICRO / cores
        return (max(working, joining, together) + self.fixed) / 3600


STEPS = (
    StepCost("read", 140, 15),
    StepCost("clean", 130, 5, fixed=4),
    StepCost("deduplicate", 57, 18),
    StepCost("decontaminate", 130, 5, fixed=6),
    StepCost("fit", 700, 5, fixed=160),
    StepCost("select", 10, 5),
)

BYTES = 720.0
"""Of a record once it is read; each step writes those that it keeps anew."""

KEY_BYTES = 252.0
KEYS = KEY_BYTES + 180.0
"""More bytes a record on the disk while it deduplicates: keys that are compared, and those a killed run needs."""

MAIN_GB, WORKER_GB = 0.6, 0.35
"""Peak memory of the main process and of each worker; neither grows."""

HELD = 900.0
"""Bytes of a record whose keys lie in memory, at the peak."""

DOLLARS = 0.05
"""Of a core and hour with its share of memory: assumed."""

KEY_BYTES_A_SECOND = 1e9
"""At which settled keys are read again: assumed; memory that is free keeps them."""


@dataclass(frozen=True, slots=True)
class Run:
    """All steps over so many records on so many cores."""

    records: float
    cores: int

    def hours_of(self, step: StepCost) -> float:
        looking_back = 0.0
        if step.name == "deduplicate":
            # Each stretch reads the keys of all before it once; stretches grow with what lies before them.
            first = min(self.records, STRETCH * LOOKS)
            read = first / STRETCH * first / 2 + (self.records - first) * LOOKS
            looking_back = read * KEY_BYTES / KEY_BYTES_A_SECOND / 3600
        return step.hours(self.records, self.cores) + looking_back

    @property
    def hours(self) -> float:
        return sum(map(self.hours_of, STEPS))

    @property
    def memory(self) -> float:
        """GB of all processes; while it deduplicates, a share of the keys lies in memory."""
        kept = max(self.records / LOOKS - STRETCH, 0) * HELD / 1e9
        return MAIN_GB + WORKER_GB * self.cores + kept

    @property
    def disk(self) -> float:
        """GB, the input not counted: each step's own copy, and keys."""
        return self.records * (BYTES * len(STEPS) + KEYS) / 1e9

    @property
    def dollars(self) -> float:
        return self.hours * self.cores * DOLLARS


SIZES = (8e6, 1e8, 1e9)
CORES = (2, 16, 64, 256)


def table() -> Iterator[str]:
    """The table of docs/scale.md, line by line."""
    yield "| records | cores | hours | slowest step | GB of memory | GB of disk | $ |"
    yield "|---:|---:|---:|---|---:|---:|---:|"
    for records in SIZES:
        for cores in CORES:
            run = Run(records, cores)
            slowest = max(STEPS, key=run.hours_of)
            share = run.hours_of(slowest) / run.hours
            yield (
                f"| {records / 1e6:,.0f} million | {cores} | {run.hours:,.1f} | {slowest.name} ({share:.0%}) "
                f"| {run.memory:,.0f} | {run.disk:,.0f} | {run.dollars:,.0f} |"
            )


if __name__ == "__main__":
    print("\n".join(table()))
