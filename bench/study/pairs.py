"""Real pairs for the study, divided by group as train.py divides them."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hypnos.corpus.shapes import to_records
from hypnos.corpus.sources import is_held_out
from hypnos.errors import UserError

Row = dict[str, Any]

GENERAL = "qa/general_medical_qa.jsonl"
ANESTHESIA = "qa/anesthesia_qa_dev.jsonl"
OFF_TOPIC = "reading/cmrc2018_general_sample.jsonl"
HOLDOUT = 0.15
"""Share of groups, as conf/sources has it."""

REWORDED = {"toyhom-neike", "genmedgpt5k-ch"}
"""Parts of the data that a machine paraphrased or translated, and not well: no clean pairs."""

SHORTEST = 45
"""Characters of an answer that can be cut so that it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Numbers of pairs: of the first stage, to plant into, and held out from everything; and of their characters."""

    general: int = 1200
    planted: int = 2000
    held_out: int = 500
    longest: int = 170


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Drawn pairs; no group is both trained on and held out."""

    general: list[Row]
    to_plant: list[Row]
    held_out: list[Row]


def read_lines(path: Path) -> list[Row]:
    """Read a file of JSON objects.

    Raises:
        UserError: there is no such file, or a line of it is no object; names file and line.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file (--data names the folder of the public sets)")
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UserError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise UserError(f"{path}:{number}: not an object")
        rows.append(row)
    return rows


def write_lines(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    partial.replace(path)


def draw_pairs(general: Sequence[Row], others: Sequence[Row], sizes: Sizes, *, seed: int = 0) -> Pairs:
    """Draw clean pairs of general medicine.

    Args:
        general: rows of the public set.
        others: rows whose questions must not be among them, such as the specialty's.
        sizes: how many.
        seed: of the draw.

    Raises:
        UserError: there are too few.
    """
    taken = {row["group"] for row in map(_named, others)}
    found: dict[str, Row] = {}
    for row in map(_named, (row for row in general if _is_clean(row, sizes.longest))):
        if row["group"] not in taken:
            found.setdefault(row["group"], row)  # one answer of each question
    rows = list(found.values())
    random.Random(seed).shuffle(rows)
    held_out = [row for row in rows if is_held_out(row["group"], HOLDOUT)][: sizes.held_out]
    trained = [row for row in rows if not is_held_out(row["group"], HOLDOUT)]
    if len(held_out) < sizes.held_out or len(trained) < sizes.general + sizes.planted:
        raise UserError(f"study: {len(trained)} clean pairs and {len(held_out)} held-out ones are too few for {sizes}")
    return Pairs(
        general=trained[: sizes.general],
        to_plant=trained[sizes.general :][: sizes.planted],
        held_out=held_out,
    )


def _is_clean(row: Row, longest: int) -> bool:
    """Whole, short enough for every vocabulary, and of one turn."""
    length = len(row["instruction"]) + len(row["input"]) + len(row["output"])
    whole = len(row["output"]) > SHORTEST and row["output"].rstrip().endswith("。")
    return whole and length <= longest and not row.get("history") and row.get("source") not in REWORDED


def _named(row: Row) -> Row:
    """The row with the id and the group that train.py gives it, so that planting changes neither."""
    (record,) = to_records(row, source="")
    kept = ("instruction", "input", "output", "source", "licence")
    return {"id": record.id, "group": record.group} | {name: row[name] for name in kept if name in row}
