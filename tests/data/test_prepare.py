"""What is encoded of the sources, what is left out of them, and what the report says of both."""

import errno
import gzip
import json
import logging
import os
import weakref
from pathlib import Path

import fsspec
import pytest

import hypnos.corpus.sources
import hypnos.data.datamodule
import hypnos.data.prepare
from hypnos.corpus.records import Instruction
from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source, is_held_out
from hypnos.corpus.storage.remote_files import list_remote
from hypnos.data.datamodule import InstructionData
from hypnos.errors import UserError


def prepared(data):
    data.prepare_data()
    return data


def left_in(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def scored(number, grade, harm=0):
    aspects = dict.fromkeys(("coherence", "professionalism", "usefulness", "friendliness"), grade)
    scores = [{"scorer": "b", **aspects, "harmfulness": harm}]
    return {"id": f"{number}", "instruction": f"q{number}", "output": f"a{number}", "author": "a", "scores": scores}


@pytest.fixture
def make(tmp_path, tokenizer_folders, write_lines):
    rows = [scored(0, 9), scored(1, 7), scored(2, 4), scored(3, 9, harm=8)]
    rows += [{"id": "4", "instruction": "q4", "output": "a4", "author": "human"}]
    rows += [{"id": "5", "instruction": "q5", "output": "a5", "author": "a", "step": "clean", "reason": "truncated"}]
    path = write_lines("records.jsonl", rows)

    def make(selection, **more):
        data = InstructionData(
            sources={"s": Source(path), "other": Source(path)},
            selections={"s": selection} if selection else None,
            cache=str(tmp_path / "cache"),
            **{"max_length": 64, "row_length": 128, "rows_per_step": 2} | more,
        )
        return data.with_tokenizer(tokenizer_folders["plain"])

    return make


def counts(data):
    data.prepare_data()
    report = json.loads((data.directory / "report.json").read_text("utf-8"))["sources"]
    return report["s"]["records"], report["s"]["unselected"], report["other"]["records"]


@pytest.mark.parametrize(
    ("selection", "records", "unselected"),
    [
        (None, 6, {}),
        (Selection(), 3, {"coherence_low": 1, "harmfulness_high": 1, "truncated": 1}),
        (Selection(threshold=8), 2, {"below_threshold": 1, "coherence_low": 1, "harmfulness_high": 1, "truncated": 1}),
        (Selection(scorers="none"), 5, {"truncated": 1}),
        (Selection(scorers="none", rejected=True), 6, {}),
        (Selection(scorers="self"), 1, {"unscored": 4, "truncated": 1}),
        (Selection(random=True), 3, {"not_drawn": 2, "truncated": 1}),
    ],
)
def test_what_passes_is_what_is_encoded(make, selection, records, unselected):
    assert counts(make(selection)) == (records, unselected, 6)


def test_what_is_not_selected_is_no_fault_of_the_source(make):
    assert counts(make(Selection(scorers="self")))[0] == 1  # five of six stay out, and max_rejected is 5 %


@pytest.mark.parametrize("selection", [Selection(threshold=8), Selection(share=0.5), Selection(random=True)])
def test_scores_on_another_scale_are_refused_with_line_score_and_scale(make_data, write_lines, selection):
    path = write_lines("percent.jsonl", [scored(number, 95, harm=5) for number in range(60)])
    data = make_data(Source(path), selections={"s0": selection})
    with pytest.raises(UserError) as caught:
        data.prepare_data()
    assert str(caught.value) == (
        f"{path}:1: coherence 95 by b lies outside the scale from 0 to 10 "
        "(60 of 60 rows of this file are unusable; max_rejected is 0.05)"
    )


def test_one_score_off_the_scale_is_a_bad_record_and_a_missing_one_is_not_selected(make_data, write_lines):
    rows = [scored(number, 9) for number in range(38)] + [scored(38, 9, harm=11), scored(39, None)]
    data = prepared(make_data(Source(write_lines("a.jsonl", rows)), selections={"s0": Selection()}))
    report = data.report()["sources"]["s0"]
    assert (report["records"], report["unselected"]) == (38, {"score_missing": 1})
    (bad,) = report["examples"]
    assert bad["where"].endswith("a.jsonl:39") and bad["reason"].startswith("harmfulness 11 by b lies outside")


def test_scores_that_a_selection_does_not_look_at_may_have_any_scale(make_data, write_lines):
    source = Source(write_lines("percent.jsonl", [scored(number, 95) for number in range(9)]))
    for selections in (None, {"s0": Selection(scorers="none")}):
        assert prepared(make_data(source, selections=selections)).report()["sources"]["s0"]["records"] == 9


def test_the_selection_is_part_of_the_key(make):
    assert make(Selection()).key() != make(Selection(threshold=8)).key()
    assert make(Selection(threshold=8)).key() == make(Selection(threshold=8.0)).key()
    assert "selections" not in make(None).key()  # data prepared before there were selections keep their key


def test_a_selection_for_a_source_that_is_not_there(tmp_path: Path):
    with pytest.raises(UserError, match=r"data\.selections t"):
        InstructionData(
            sources={"s": Source("x")},
            selections={"t": Selection()},
            cache="c",
            max_length=8,
            row_length=8,
            rows_per_step=1,
        )


def test_the_report_counts_records_tokens_and_what_was_cut_or_left_out(make_data, write_lines, caplog, pairs) -> None:
    rows = [*pairs(16), {"question": "q", "answer": "word " * 100}, {"question": "q " * 100, "answer": "a"}, {"x": 1}]
    path = write_lines("a.jsonl", rows)
    with caplog.at_level(logging.INFO, "hypnos"):
        data = prepared(make_data(Source(path, max_rejected=0.2)))
    report = json.loads((data.directory / "report.json").read_text("utf-8"))["sources"]["s0"]
    table = data._open("s0")
    assert (report["records"], report["documents"], report["truncated"], report["held_out"]) == (17, 17, 1, 0)
    assert report["tokens"] == sum(map(len, table["input_ids"]))
    assert report["learnt_tokens"] == sum(map(sum, table["learnt"])) == sum(table["learnt_tokens"])
    assert sorted(report["rejected"].values()) == [1, 1]
    assert report["examples"][0]["where"] == f"{path}:19"
    assert table[16]["input_ids"][-1] == 2
    assert (table[16]["truncated"], table[16]["length"]) == (True, 64)
    assert "s0: 17 records, 2 unusable; of 17 documents 5.9 % lost text to max_length 64" in caplog.text


def test_the_preview_shows_the_first_documents_of_each_source_also_when_they_are_reused(
    make_data, write_lines, pairs
) -> None:
    data = make_data(
        Source(write_lines("a.jsonl", pairs(9))), Source(write_lines("b.jsonl", [{"text": "running text"}]))
    )
    expected = [f"[s0] <s> 问：\nq{number}\n答：\n⟦answer {number}</s>⟧" for number in range(3)]
    for _ in range(2):
        data.prepare_data()
        assert data.preview().split("\n\n") == [*expected, "[s1] <s>⟦ running text</s>⟧"]


def test_the_preview_is_not_empty_where_the_first_records_are_held_out(make_data, write_lines, pairs) -> None:
    rows = sorted(pairs(60), key=lambda row: not is_held_out(row["group"], 0.5))
    data = prepared(make_data(Source(write_lines("a.jsonl", rows), holdout=0.5)))
    assert data.preview().count("[s0]") == 3


def test_everything_too_long_stops_with_numbers_and_leaves_nothing(make_data, write_lines, tmp_path: Path) -> None:
    rows = [{"question": "q " * 100, "answer": "a"}] * 4
    with pytest.raises(UserError, match=r"a\.jsonl: 4 of 4 records are unusable with max_length 64 .*no room"):
        make_data(Source(write_lines("a.jsonl", rows))).prepare_data()
    assert left_in(tmp_path / "cache") == []


def test_a_broken_source_leaves_nothing(make_data, write_lines, tmp_path: Path, pairs) -> None:
    data = make_data(Source(write_lines("a.jsonl", pairs(5))), Source(write_lines("b.jsonl", [*pairs(5), {"x": 1}])))
    with pytest.raises(UserError, match=r"b\.jsonl:6: no known shape"):
        data.prepare_data()
    assert left_in(tmp_path / "cache") == []


def test_a_full_disk_is_one_line_and_leaves_nothing(make_data, write_lines, monkeypatch, tmp_path: Path, pairs) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    data = make_data(Source(write_lines("a.jsonl", pairs(5))))
    with monkeypatch.context() as patch:
        patch.setattr(hypnos.data.prepare.DocumentsFile, "write", full)
        with pytest.raises(UserError, match="cache: no space left on the disk"):
            data.prepare_data()
    assert left_in(tmp_path / "cache") == []
    assert len(prepared(data)._open("s0")) == 5


class Watched(Instruction):
    __slots__ = ("__weakref__",)


def test_records_do_not_pile_up_in_memory(make_data, write_lines, monkeypatch, pairs) -> None:
    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    def watched(row, *, source, note):
        nonlocal most
        record = Watched(str(len(alive)), row["question"], row["answer"])
        alive.add(record)
        most = max(most, len(alive))
        yield record

    Watched.__hash__ = object.__hash__  # type: ignore[method-assign]
    Watched.__eq__ = object.__eq__  # type: ignore[method-assign]
    monkeypatch.setattr(hypnos.corpus.sources, "to_records", watched)
    data = make_data(Source(write_lines("a.jsonl", pairs(20_000))), encoders=1)  # what others hold is not seen here
    data.prepare_data()
    assert len(data._open("s0")) == 20_000
    assert 0 < most <= 2 * hypnos.data.prepare.BATCH + 1


def test_thoughts_and_system_turns_stand_in_the_preview_and_what_is_left_out_in_the_report(make_data, write_lines):
    plain = [{"instruction": f"问{number}", "output": "答"} for number in range(5)]
    turns = [{"role": "system", "content": "病历：房颤。"}, {"role": "user", "content": "心率？"}, {"role": "assistant", "content": "控制。", "weight": 0}]  # fmt: skip
    tool = {"messages": [{"role": "tool", "content": "3"}]}
    rows = [
        *plain,
        {"instruction": "多少？", "output": "2 mg/kg", "reasoning": "先想体重。"},
        {"messages": turns},
        tool,
    ]
    data = make_data(Source(write_lines("mixed.jsonl", rows), max_rejected=0.2), max_length=128)
    data.prepare_data()
    shown = data.preview().split("\n\n[s0]")
    assert len(shown) == 5
    assert "⟦<think>\n先想体重。\n</think>\n\n2 mg/kg</s>⟧" in shown[3]
    assert "病历：房颤。" in shown[4] and "⟦控制。</s>⟧" in shown[4]
    source = data.report()["sources"]["s0"]
    assert source["left_out"] == {"flag weight beside a turn": 1}
    (example,) = source["examples"]
    assert example["where"].endswith("mixed.jsonl:8")
    assert example["reason"] == "message 1 is a turn of a tool, which cannot be trained on"


def test_a_set_is_kept_apart_by_what_becomes_of_its_thoughts(make_data, write_lines):
    source = Source(write_lines("a.jsonl", [{"instruction": "多少？", "output": "2 mg/kg", "reasoning": "先想体重。"}]))
    sets = [make_data(source, reasoning=reasoning, max_length=128) for reasoning in ("learn", "mask", "drop")]
    assert make_data(source, max_length=128).directory == sets[0].directory
    assert len({data.directory for data in sets}) == 3
    for data in sets:
        data.prepare_data()
    assert [data.volume()["loss_tokens"] for data in sets][1:] == [sets[2].volume()["loss_tokens"]] * 2
    assert sets[0].volume()["tokens"] == sets[1].volume()["tokens"] > sets[2].volume()["tokens"]


def test_a_source_in_a_storage_gives_the_same_documents(tmp_path: Path, tokenizer_folders, write_lines, pairs) -> None:
    """In two shards, one of them compressed; a changed one makes another set."""
    path = write_lines("records.jsonl", pairs(40))
    lines = Path(path).read_bytes().splitlines(keepends=True)
    storage = fsspec.filesystem("memory")
    storage.pipe({"/shards/1.jsonl.gz": gzip.compress(b"".join(lines[:25])), "/shards/2.jsonl": b"".join(lines[25:])})

    def data_of(source):
        settings = {"max_length": 64, "row_length": 128, "rows_per_step": 2, "cache": str(tmp_path / "cache")}
        data = InstructionData(sources={"s": Source(source, holdout=0.2)}, **settings)
        data.check()
        return prepared(data.with_tokenizer(tokenizer_folders["plain"]))

    here, there = data_of(path), data_of("memory://shards")
    for name in ("s.arrow", "heldout.arrow", "heldout.json"):
        assert (there.directory / name).read_bytes() == (here.directory / name).read_bytes()
    assert len(there.train_rows.documents) > 20
    made = (here.directory, there.directory)
    storage.pipe("/shards/2.jsonl", b"".join(lines[25:-1]))
    list_remote.cache_clear()
    assert data_of("memory://shards").directory not in made
    list_remote.cache_clear()
