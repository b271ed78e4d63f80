"""Existing data of every shape become rows; fields they bring along are looked at before a reply is paid for."""

import json

import fsspec
import pytest

from hypnos.corpus.storage.remote_files import list_remote
from hypnos.curation.generate import read_blocks
from hypnos.curation.generate.read_source import Read
from hypnos.curation.pipeline import blocks
from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.errors import UserError
from hypnos.workers.processes import Processes

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
    ((row,), _) = read(tmp_path, RECORD | brought, scores="all")
    assert {name: row[name] for name in brought} == brought


def test_system_turns_and_thoughts_stay_with_their_records_and_plain_ones_are_as_before(tmp_path):
    turns = [
        {"role": "system", "content": "病历"},
        {"role": "user", "content": "问"},
        {"role": "assistant", "content": "答"},
    ]
    (plain, thinking, below), _ = read(tmp_path, RECORD, RECORD | {"reasoning_content": "想"}, {"messages": turns})
    assert "system" not in plain and "reasoning" not in plain
    assert (thinking["reasoning"], thinking["output"]) == ("想", RECORD["output"])
    assert (below["system"], below["instruction"], below["output"]) == ("病历", "问", "答")


def test_what_is_left_out_of_records_is_counted_and_damaged_text_is_mended(tmp_path):
    file = tmp_path / "pairs.jsonl"
    rows = [RECORD | {"scans": ["a.png"]}, RECORD | {"output": "0.1 \times 60", "topic": "a\x00"}, RECORD]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    step = Read(path=str(file))
    kept = list(step.run((), lambda row, reason: None))
    assert kept[1]["output"] == r"0.1 \times 60"
    assert kept[1]["topic"] == "a"
    assert step.notes() == {"left_out": {"field scans": 1, "damaged text, mended": 1}}


def test_scores_that_nobody_can_vouch_for_are_left_out_and_counted(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(RECORD | {"scores": [SCORE, SCORE]}, ensure_ascii=False), "utf-8")
    step = Read(path=str(file))
    (row,) = step.run((), lambda row, reason: None)
    assert "scores" not in row
    assert step.notes() == {"left_out": {"scores of unknown origin": 2}}


class TestRead:
    def rows(self, path, **more):
        rejected: list[tuple[str, dict]] = []
        rows = list(Read(path=str(path), **more).run((), lambda row, reason: rejected.append((reason, row))))
        return rows, rejected

    @pytest.mark.parametrize(
        ("name", "text", "encoding", "pairs"),
        [
            (
                "a.jsonl",
                '{"questions": [["问一", "问二"]], "answers": ["答一", "答二"]}',
                "utf-8",
                [("问一", "答一"), ("问二", "答二")],
            ),
            ("b.json", '[{"query": "问", "response": "答"}]', "utf-8", [("问", "答")]),
            ("c.json", '["问：早", "答：好", "问：问", "答：答"]', "utf-8", [("问", "答")]),
            ("d.csv", "title,ask,answer\n问,细节,答\n", "gb18030", [("问", "答")]),
            (
                "e.jsonl",
                '{"instruction": "问", "input": "", "output": "答", "history": [["早", "好"]]}',
                "utf-8-sig",
                [("问", "答")],
            ),
        ],
    )
    def test_every_shape_and_encoding(self, tmp_path, name, text, encoding, pairs):
        (tmp_path / name).write_text(text, encoding)
        rows, rejected = self.rows(tmp_path / name, encoding="gb18030" if encoding == "gb18030" else "utf-8-sig")
        assert [(row["instruction"], row["output"]) for row in rows] == pairs
        assert rejected == []
        assert all(row["id"] and row["group"] and row["egress"] == "any" for row in rows)

    def test_history_and_known_fields_are_carried(self, tmp_path):
        line = {
            "instruction": "问",
            "output": "答",
            "history": [["早", "好"]],
            "topic": "airway",
            "author": "x",
            "scores": [{"scorer": "y"}],
            "odd": 1,
        }
        (tmp_path / "a.jsonl").write_text(json.dumps(line), "utf-8")
        ((row,), _) = self.rows(tmp_path / "a.jsonl", licence="own", scores="all")
        assert row["history"] == [["早", "好"]]
        assert (row["topic"], row["author"], row["scores"], row["licence"]) == ("airway", "x", [{"scorer": "y"}], "own")
        assert "odd" not in row

    def test_a_whole_source_can_be_kept_on_the_machine(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"query": "问", "response": "答"}', "utf-8")
        ((row,), _) = self.rows(tmp_path / "a.jsonl", egress="local")
        assert row["egress"] == "local"

    def test_a_few_unusable_rows_are_counted_with_their_place(self, tmp_path):
        lines = [json.dumps({"query": f"问{i}", "response": "答"}) for i in range(30)] + [
            '{"query": "问", "response": ""}'
        ]
        (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
        rows, rejected = self.rows(tmp_path / "a.jsonl")
        assert len(rows) == 30
        ((reason, row),) = rejected
        assert (reason, row["detail"]) == ("unusable", "empty response")
        assert row["id"].endswith("a.jsonl:31")

    def test_many_unusable_rows_stop_the_run(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"query": "问", "response": "答"}\n{"odd": 1}', "utf-8")
        with pytest.raises(UserError, match=r"a\.jsonl:2: no known shape.*1 of 2 rows"):
            self.rows(tmp_path / "a.jsonl")

    def test_running_text_needs_the_step_for_it(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"id": "p", "text": "一段文字。"}', "utf-8")
        with pytest.raises(UserError, match="input=documents"):
            self.rows(tmp_path / "a.jsonl")
        ((row,), _) = self.rows(tmp_path / "a.jsonl", passages=True)
        assert (row["id"], row["text"]) == ("p", "一段文字。")

    def test_the_key_is_the_content_and_not_the_place(self, tmp_path):
        for name in ("a.jsonl", "b.jsonl"):
            (tmp_path / name).write_text('{"query": "问", "response": "答"}', "utf-8")
        first, second = (Read(path=str(tmp_path / name)) for name in ("a.jsonl", "b.jsonl"))
        assert first.key() == second.key() != Read(path=str(tmp_path / "a.jsonl"), egress="local").key()


@pytest.fixture
def stored(tmp_path):
    """A folder of shards here, and the same in a storage."""
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [RECORD | {"id": str(n), "egress": "local" if n == 3 else "any"} for n in range(40)]
    (folder / "1.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:20]), "utf-8")
    (folder / "2.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows[20:], {"author": 5}]), "utf-8")
    fsspec.filesystem("memory").put(str(folder), "/set", recursive=True)
    list_remote.cache_clear()
    yield folder
    fsspec.filesystem("memory").rm("/set", recursive=True)
    list_remote.cache_clear()


def test_rows_of_a_storage_become_the_same_records_block_by_block(stored, tmp_path, monkeypatch):
    """Also on two processes; local records stay local, and an unusable row names the address."""
    monkeypatch.setattr(read_blocks, "ROWS", 7)
    monkeypatch.setattr(blocks, "WORTH", 0)
    here, there = Read(str(stored), max_rejected=0.5), Read("memory://set", max_rejected=0.5)
    with Processes(2) as workers:
        (one,) = run_steps([here], artefacts=tmp_path / "here")
        (two,) = run_steps([there], artefacts=tmp_path / "there", workers=workers)
    assert (two.directory / "kept.jsonl").read_bytes() == (one.directory / "kept.jsonl").read_bytes()
    assert [row["egress"] for row in two.kept].count("local") == 1
    ((rejected,), counts) = list(two.rejected), two.counts()
    assert rejected["id"] == "memory://set/2.jsonl:21" and counts["out"] == 40
    assert there.key() != here.key()


def test_the_signature_of_an_address_is_no_name_of_a_source(stored):
    rows = list(Read("memory://set/1.jsonl").run((), lambda row, reason: None))
    assert {row["source"] for row in rows} == {"1.jsonl"}
    assert Read("https://host/a.jsonl?sig=x")._maker().source == "a.jsonl"
    assert Read("data/a?b.jsonl")._maker().source == "a?b.jsonl"


def test_a_storage_that_changes_between_two_starts_is_another_step(stored, tmp_path):
    (before,) = run_steps([Read("memory://set", max_rejected=0.5)], artefacts=tmp_path / "made")
    fsspec.filesystem("memory").pipe("/set/2.jsonl", (stored / "1.jsonl").read_bytes())
    list_remote.cache_clear()
    (after,) = run_steps([Read("memory://set", max_rejected=0.5)], artefacts=tmp_path / "made")
    assert after.directory != before.directory and after.counts()["out"] == 40
