"""Fields that existing data bring along are looked at when they are read, not after replies to them were paid for."""

import json

import pytest

from hypnos.curation.generate.read_source import Read
from hypnos.errors import UserError

RECORD = {"instruction": "丙泊酚的诱导剂量是多少？", "output": "成人 1.5 至 2.5 mg/kg。"}
SCORE = {"scorer": "a", "coherence": 8}


def read(tmp_path, *rows, **settings):
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    rejected = []
    kept = list(Read(path=str(file), **settings).run((), lambda row, reason: rejected.append((row, reason))))
    return kept, rejected


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("author", 5, "author must be text, not int"),
        ("author", ["a"], "author must be text, not list"),
        ("topic", {"a": 1}, "topic must be text, not dict"),
        ("scores", "8", "scores must be a list of objects"),
        ("scores", {"a": SCORE}, "scores must be a list of objects"),
        ("scores", [8], "scores must be a list of objects"),
        ("scores", [SCORE, {"coherence": 8}], "without the name of its scorer"),
        ("scores", [{"scorer": ["a"]}], "without the name of its scorer"),
    ],
)
def test_a_field_that_no_step_could_use_sets_the_record_aside_with_its_place(tmp_path, field, value, says):
    kept, rejected = read(tmp_path, RECORD, RECORD | {field: value}, max_rejected=0.5)
    assert [row["instruction"] for row in kept] == [RECORD["instruction"]]
    ((row, reason),) = rejected
    assert reason == "unusable"
    assert row["id"].endswith("pairs.jsonl:2")
    assert says in row["detail"]


def test_too_many_of_them_stop_the_run_with_one_line(tmp_path):
    with pytest.raises(UserError, match=r"pairs\.jsonl:1: author must be text, not int \(1 of 1 rows"):
        read(tmp_path, RECORD | {"author": 5})


def test_what_a_record_brings_along_is_kept(tmp_path):
    brought = {"author": "a", "topic": "airway", "parents": ["seed-1"], "scores": [SCORE]}
    ((row,), _) = read(tmp_path, RECORD | brought)
    assert {name: row[name] for name in brought} == brought
