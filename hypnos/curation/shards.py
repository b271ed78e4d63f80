"""Writes kept and rejected records once more in files of so many, as JSON Lines or Parquet, in their order."""

from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

import orjson

from hypnos.artefacts.ranges import Count
from hypnos.artefacts.value_check import Table
from hypnos.curation.pipeline.run_steps import KEPT, REJECTED
from hypnos.errors import UserError

SHARDS = Table({"format": Literal["jsonl", "parquet"], "records": Count})

GROUP = 10_000
"""Rows that are held at once."""


def write_shards(records: Path, folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the files of a folder of records in shards; they stand for the same records as a source of train.py.

    Args:
        records: holds `kept.jsonl` and `rejected.jsonl`.
        folder: is made, for `kept-00000.parquet` and so on.
        settings: `format`, and `records` of each file.

    Raises:
        UserError: Parquet has no type for what a field holds.
    """
    folder.mkdir()
    write = _write_lines if settings["format"] == "jsonl" else _write_parquet
    for name in (KEPT, REJECTED):
        write(records / name, folder / Path(name).stem, settings["records"])


def _write_lines(file: Path, stem: Path, count: int) -> None:
    with file.open("rb") as lines:
        number = 0
        while first := next(lines, b""):
            with _shard(stem, number, ".jsonl").open("wb") as stream:
                stream.write(first)
                stream.writelines(islice(lines, count - 1))
            number += 1


def _write_parquet(file: Path, stem: Path, count: int) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        schema = _schema(file)  # of all of them, so that whoever reads them as one table can
        for number, groups in groupby(_groups(file, count), itemgetter(0)):
            path = _shard(stem, number, ".parquet")
            with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
                for _, rows in groups:
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
    except (pyarrow.ArrowException, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"shards=parquet: {file.name} fits no table ({reason}); shards=jsonl does") from error


def _schema(file: Path) -> Any:
    """A column for each field of any row; whole numbers beside others become others."""
    import pyarrow

    schema = pyarrow.schema([])
    for _, rows in _groups(file, GROUP):
        fields = pyarrow.schema(list(pyarrow.array(rows).type))
        schema = pyarrow.unify_schemas([schema, fields], promote_options="permissive")
    return schema


def _groups(file: Path, count: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Rows in groups, each with the number of the shard that it belongs to."""
    number, left = 0, count
    with file.open("rb") as lines:
        while rows := [orjson.loads(line) for line in islice(lines, min(GROUP, left))]:
            yield number, rows
            left -= len(rows)
            if not left:
                number, left = number + 1, count


def _shard(stem: Path, number: int, ending: str) -> Path:
    return stem.with_name(f"{stem.name}-{number:05}{ending}")
