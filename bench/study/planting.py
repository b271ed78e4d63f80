"""Known faults in one half of the pairs, with a record of which."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench import faults

Row = dict[str, Any]

KINDS = ("other answer", "truncated", "off topic", "wrong dose")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """Rows in their old order, and of each spoilt one its `id`, its `fault` and its `output` as it was."""

    rows: list[Row]
    record: list[Row]


def plant(rows: Sequence[Row], passages: Sequence[str], *, seed: int = 0) -> Planted:
    """Spoil half of the rows, each kind of fault in an eighth of them.

    Answers of other questions change places among themselves, so that the same answers stand there as before.

    Args:
        rows: with `id` and `output`; their number can be divided by eight.
        passages: texts about something else, one for each row that strays.
        seed: of all draws.
    """
    rng = random.Random(seed)
    each = len(rows) // (2 * len(KINDS))
    places = rng.sample(range(len(rows)), each * len(KINDS))
    texts = iter(rng.sample(list(passages), each))
    spoilt: dict[int, tuple[str, Row]] = {}
    for number, at in enumerate(places):
        kind, row = KINDS[number // each], rows[at]
        if kind == "other answer":
            following = places[(number + 1) % each]
            make: faults.Plant = partial(faults.other_answer, other=rows[following])
        elif kind == "off topic":
            make = partial(faults.off_topic, passage=next(texts))
        else:
            make = faults.truncated if kind == "truncated" else faults.dose_tenfold
        spoilt[at] = kind, make(row, rng)
    return Planted(
        rows=[spoilt[at][1] if at in spoilt else row for at, row in enumerate(rows)],
        record=[{"id": rows[at]["id"], "fault": spoilt[at][0], "output": rows[at]["output"]} for at in sorted(spoilt)],
    )
