"""Records in shards are those of the files they were made of, read back by train.py's reader."""

import json
import random
from pathlib import Path

import orjson
import pyarrow.dataset
import pytest

from hypnos.corpus.decisions import decider
from hypnos.corpus.files import list_files, read_rows
from hypnos.corpus.records import Rejections
from hypnos.corpus.scores import ASPECTS
from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source, read_source
from hypnos.curation import shards
from hypnos.curation.shards import write_shards
from hypnos.errors import UserError

SAMPLE = Path(shards.__file__).parents[1] / "sample" / "anesthesia.jsonl"


def written(folder: Path, kept: list[dict], rejected: list[dict] | None = None) -> Path:
    (folder / "records").mkdir(parents=True)
    for name, rows in {"kept": kept, "rejected": rejected or []}.items():
        lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        (folder / "records" / f"{name}.jsonl").write_bytes(lines)
    return folder / "records"


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def uneven() -> tuple[list[dict], list[dict]]:
    """Fields that only some rows have, whole numbers beside others, empty lists, nested tables."""
    score = {"scorer": "b", "coherence": 8, "comment": "好"}
    kept = [
        {"id": "1", "instruction": "甲", "output": "乙", "history": [], "scores": [score]},
        {
            "id": "2",
            "instruction": "丙",
            "output": "丁",
            "history": [["a", "b"]],
            "scores": [{"scorer": "b", "coherence": 7.5}],
        },
        {
            "id": "3",
            "instruction": "戊",
            "output": "己",
            "system": "病历",
            "page": 3,
            "review": {"r1": {"decision": "keep"}},
        },
        {"id": "4", "instruction": "庚", "output": "辛", "author": "a", "scores": [], "parents": ["seed-1"]},
        {"id": "5", "instruction": "壬", "output": "癸", "history": []},
    ]
    rejected = [{"id": "6", "instruction": "子", "output": "丑", "step": "clean", "reason": "truncated", "detail": "…"}]
    return kept, rejected


@pytest.mark.parametrize("group", [1, 2, 10_000])
@pytest.mark.parametrize(
    ("form", "count"), [("parquet", 2), ("parquet", 5), ("parquet", 100), ("jsonl", 2), ("jsonl", 5)]
)
def test_rows_come_back_in_their_order(tmp_path, monkeypatch, form, count, group):
    monkeypatch.setattr(shards, "GROUP", group)
    kept, rejected = uneven()
    write_shards(written(tmp_path, kept, rejected), tmp_path / "shards", {"format": form, "records": count})
    rows = [without_nulls(row) for _, row in read_rows(str(tmp_path / "shards"))]
    assert rows == [*kept, *rejected]
    names = [file.name for file in list_files(tmp_path / "shards")]
    assert names == [*(f"kept-{n:05}.{form}" for n in range(-(-5 // count))), f"rejected-00000.{form}"]


def test_lines_in_shards_are_the_same_bytes(tmp_path):
    records = written(tmp_path, *uneven())
    write_shards(records, tmp_path / "shards", {"format": "jsonl", "records": 2})
    parts = sorted((tmp_path / "shards").glob("kept-*"))
    assert b"".join(part.read_bytes() for part in parts) == (records / "kept.jsonl").read_bytes()
    assert [part.read_bytes().count(b"\n") for part in parts] == [2, 2, 1]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_scored_records_are_selected_and_read_as_before(tmp_path, form):
    rng = random.Random(0)
    rows = [json.loads(line) | {"author": "a"} for line in SAMPLE.read_text("utf-8").splitlines()]
    for row in rows[::3] + rows[1::3]:
        row["scores"] = [{"scorer": "b", **{aspect: rng.choice([1, 7.5, 8, 9]) for aspect in ASPECTS}}]
    kept, rejected = rows[::2], [row | {"step": "select", "reason": "below_threshold"} for row in rows[1::2]]
    records = written(tmp_path, kept, rejected)
    write_shards(records, tmp_path / "shards", {"format": form, "records": 30})

    def read(path: Path) -> tuple[list, dict]:
        def every():
            return (row for _, row in read_rows(str(path)))

        rejections = Rejections()
        passes = decider(Selection(threshold=7.5), every)
        chosen = read_source(Source(str(path)), rejections, name="s", passes=lambda row: passes(row) is None)
        return list(chosen), rejections.left_out

    assert read(tmp_path / "shards") == read(records)
    assert 0 < len(read(records)[0]) < len(rows)


def test_shards_of_one_set_are_one_table(tmp_path):
    """What the first shard lacks is a column of it all the same."""
    write_shards(written(tmp_path, uneven()[0]), tmp_path / "shards", {"format": "parquet", "records": 1})
    table = pyarrow.dataset.dataset(str(tmp_path / "shards")).to_table()
    assert table.column("system").to_pylist() == [None, None, "病历", None, None]
    assert table.num_rows == 5


@pytest.mark.parametrize("value", [["text", 5], [{"a": 1}, [1]], [2**64 - 1, -1], [{}, {}]])
def test_what_fits_no_table_is_one_line(tmp_path, value):
    rows = [{"id": str(n), "odd": part} for n, part in enumerate(value)]
    records = tmp_path / "records"
    records.mkdir()
    (records / "kept.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (records / "rejected.jsonl").touch()
    with pytest.raises(UserError, match=r"^shards=parquet: kept\.jsonl fits no table \([^\n]+\); shards=jsonl does$"):
        write_shards(records, tmp_path / "shards", {"format": "parquet", "records": 10})
