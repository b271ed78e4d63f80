import errno
import json
import logging
import multiprocessing
import os
import weakref
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest

import hypnos.corpus.sources
import hypnos.data.datamodule
import hypnos.data.prepare
from hypnos.corpus.records import Instruction
from hypnos.corpus.sources import Source, is_held_out
from hypnos.data.datamodule import InstructionData
from hypnos.errors import UserError


def pairs(count: int, answer: str = "answer") -> list[dict]:
    return [
        {"question": f"q{number}", "answer": f"{answer} {number}", "group": f"g{number}"} for number in range(count)
    ]


@pytest.fixture
def make(tmp_path: Path, tokenizer_folders: dict[str, Path]) -> Callable[..., InstructionData]:
    def make(*sources: Source, tokenizer: str = "plain", **settings) -> InstructionData:
        given = {"max_length": 64, "row_length": 128, "rows_per_step": 2, **settings}
        data = InstructionData(
            sources={f"s{number}": source for number, source in enumerate(sources)},
            cache=str(tmp_path / "cache"),
            **given,
        )
        return data.with_tokenizer(tokenizer_folders[tokenizer])

    return make


def prepared(data: InstructionData) -> InstructionData:
    data.prepare_data()
    return data


def texts_of(data: InstructionData, name: str, tokenizer) -> list[str]:
    table = datasets.Dataset.from_file(str(data.directory / f"{name}.arrow"))
    return [tokenizer.decode(row["input_ids"], skip_special_tokens=True) for row in table]


def seen_documents(data: InstructionData) -> list[int]:
    return sorted(data.train_rows.packing.documents.tolist())


def left_in(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def test_data_are_prepared_once_and_then_reused_by_content(make, write_lines, monkeypatch, tmp_path: Path) -> None:
    first = prepared(make(Source(write_lines("a.jsonl", pairs(20)))))
    monkeypatch.setattr(hypnos.data.datamodule, "prepare", lambda *_, **__: pytest.fail("prepared twice"))
    elsewhere = write_lines("b.jsonl", pairs(20))
    os.utime(elsewhere, (1, 1))
    again = prepared(make(Source(elsewhere), row_length=256, rows_per_step=8, packing="first_fit", seed=4))
    assert again.directory == first.directory
    assert left_in(tmp_path / "cache") == [first.directory.name]


def test_whatever_changes_the_tokens_changes_the_place(make, write_lines) -> None:
    path = write_lines("a.jsonl", pairs(20))
    places = [
        make(Source(path)).directory,
        make(Source(write_lines("b.jsonl", pairs(21)))).directory,
        make(Source(path, holdout=0.1)).directory,
        make(Source(path, limit=5)).directory,
        make(Source(path), max_length=63).directory,
        make(Source(path), max_heldout=5).directory,
        make(Source(path), tokenizer="blanks").directory,  # the same pieces under another chat template
        make(Source(path), tokenizer="chatml").directory,
    ]
    assert len(set(places)) == len(places)


def test_whatever_changes_the_rows_changes_the_key_and_nothing_else_does(make, write_lines) -> None:
    source = Source(write_lines("a.jsonl", pairs(20)))
    keys = [
        json.dumps(make(source, **settings).key(), sort_keys=True)
        for settings in (
            {}, {"seed": 1}, {"packing": "none"}, {"row_length": 256}, {"rows_per_step": 4}, {"weights": {"s0": 2}},
            {"workers": 2}, {"weights": {"s0": 1}}, {"weights": {}},
        )
    ]  # fmt: skip
    assert len(set(keys[:6])) == 6
    assert set(keys[6:]) == {keys[0]}


def test_held_out_groups_are_measured_and_never_trained_on(make, write_lines, load) -> None:
    rows = pairs(200)
    data = prepared(make(Source(write_lines("a.jsonl", rows), holdout=0.25)))
    expected = {row["answer"] for row in rows if is_held_out(row["group"], 0.25)}
    held_out = {text.rsplit("\n", 1)[1] for text in texts_of(data, "heldout", load("plain"))}
    trained = {text.rsplit("\n", 1)[1] for text in texts_of(data, "s0", load("plain"))}
    assert held_out == expected
    assert trained == {row["answer"] for row in rows} - expected
    validated = [row["characters"].item() for row in data.val_dataloader()]
    assert sum(validated) == sum(map(len, expected))


def test_held_out_records_beyond_the_most_wanted_are_left_out_of_both(make, write_lines) -> None:
    data = prepared(make(Source(write_lines("a.jsonl", pairs(200)), holdout=0.25), max_heldout=10))
    aside = sum(is_held_out(f"g{number}", 0.25) for number in range(200))
    assert len(data._open("heldout")) == 10
    assert len(data._open("s0")) == 200 - aside
    report = json.loads((data.directory / "report.json").read_text("utf-8"))
    assert report["sources"]["s0"]["held_out"] == aside


def test_an_epoch_sees_each_source_as_often_as_its_weight_says(make, write_lines) -> None:
    sources = [Source(write_lines(f"{number}.jsonl", pairs(10, f"x{number}"))) for number in range(4)]
    data = prepared(make(*sources, weights={"s0": 2, "s1": 0.5, "s3": 1.3}))
    counts = np.bincount(seen_documents(data), minlength=40).reshape(4, 10)
    assert counts[0].tolist() == [2] * 10
    assert sorted(counts[1].tolist()) == [0] * 5 + [1] * 5
    assert counts[2].tolist() == [1] * 10
    assert sorted(counts[3].tolist()) == [1] * 7 + [2] * 3


def test_the_rows_of_an_epoch_hold_every_document_once(make, write_lines) -> None:
    data = prepared(make(Source(write_lines("a.jsonl", pairs(50)))))
    assert seen_documents(data) == list(range(50))
    rows = list(data.train_dataloader())
    assert len(rows) == len(data.train_rows)
    assert data.steps_per_epoch == -(-len(rows) // 2)
    assert sum((row["position_ids"] == 0).sum().item() for row in rows) == 50
    assert all(row["input_ids"].shape == row["position_ids"].shape for row in rows)
    assert max(row["input_ids"].shape[1] for row in rows) <= 128


def test_workers_do_not_change_the_rows_or_their_order(make, write_lines) -> None:
    source = Source(write_lines("a.jsonl", pairs(30)))
    alone, helped = (list(prepared(make(source, workers=workers)).train_dataloader()) for workers in (0, 1))
    assert [row["input_ids"].tolist() for row in alone] == [row["input_ids"].tolist() for row in helped]
    assert [row["step_tokens"].item() for row in alone] == [row["step_tokens"].item() for row in helped]


def test_the_report_counts_records_tokens_and_what_was_cut_or_left_out(make, write_lines, caplog) -> None:
    rows = [*pairs(16), {"question": "q", "answer": "word " * 100}, {"question": "q " * 100, "answer": "a"}, {"x": 1}]
    path = write_lines("a.jsonl", rows)
    with caplog.at_level(logging.INFO, "hypnos"):
        data = prepared(make(Source(path, max_rejected=0.2)))
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


def test_the_preview_shows_the_first_documents_of_each_source_also_when_they_are_reused(make, write_lines) -> None:
    data = make(Source(write_lines("a.jsonl", pairs(9))), Source(write_lines("b.jsonl", [{"text": "running text"}])))
    expected = [f"[s0] <s> 问：\nq{number}\n答：\n⟦answer {number}</s>⟧" for number in range(3)]
    for _ in range(2):
        data.prepare_data()
        assert data.preview().split("\n\n") == [*expected, "[s1] <s>⟦ running text</s>⟧"]


def test_the_preview_is_not_empty_where_the_first_records_are_held_out(make, write_lines) -> None:
    rows = sorted(pairs(60), key=lambda row: not is_held_out(row["group"], 0.5))
    data = prepared(make(Source(write_lines("a.jsonl", rows), holdout=0.5)))
    assert data.preview().count("[s0]") == 3


def test_documents_that_teach_nothing_make_rows_without_targets(make, write_lines, monkeypatch) -> None:
    real = hypnos.data.prepare._row
    monkeypatch.setattr(
        hypnos.data.prepare,
        "_row",
        lambda document: {**real(document), "learnt": [False] * len(document.loss_mask), "learnt_tokens": 0},
    )
    data = prepared(make(Source(write_lines("a.jsonl", pairs(5)))))
    rows = list(data.train_dataloader())
    assert rows
    assert all(row["labels"].shape == (0,) and row["step_tokens"].item() == 0 for row in rows)


def test_everything_held_out_leaves_nothing_to_train_on(make, write_lines) -> None:
    held_out = [row for row in pairs(100) if is_held_out(row["group"], 0.5)]
    data = prepared(make(Source(write_lines("a.jsonl", held_out), holdout=0.5)))
    with pytest.raises(UserError, match=r"no record is left to train on \(s0\)"):
        data.train_dataloader()


def test_nothing_held_out_leaves_nothing_to_validate(make, write_lines) -> None:
    assert prepared(make(Source(write_lines("a.jsonl", pairs(5))))).val_dataloader() == []


def test_everything_too_long_stops_with_numbers_and_leaves_nothing(make, write_lines, tmp_path: Path) -> None:
    rows = [{"question": "q " * 100, "answer": "a"}] * 4
    with pytest.raises(UserError, match=r"a\.jsonl: 4 of 4 records are unusable with max_length 64 .*no room"):
        make(Source(write_lines("a.jsonl", rows))).prepare_data()
    assert left_in(tmp_path / "cache") == []


def test_a_broken_source_leaves_nothing(make, write_lines, tmp_path: Path) -> None:
    data = make(Source(write_lines("a.jsonl", pairs(5))), Source(write_lines("b.jsonl", [*pairs(5), {"x": 1}])))
    with pytest.raises(UserError, match=r"b\.jsonl:6: no known shape"):
        data.prepare_data()
    assert left_in(tmp_path / "cache") == []


def test_a_full_disk_is_one_line_and_leaves_nothing(make, write_lines, monkeypatch, tmp_path: Path) -> None:
    class Full(hypnos.data.prepare.ArrowWriter):
        def write(self, *args, **kwargs):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    data = make(Source(write_lines("a.jsonl", pairs(5))))
    with monkeypatch.context() as patch:
        patch.setattr(hypnos.data.prepare, "ArrowWriter", Full)
        with pytest.raises(UserError, match="cache: no space left on the disk"):
            data.prepare_data()
    assert left_in(tmp_path / "cache") == []
    assert len(prepared(data)._open("s0")) == 5


def _prepare_and_tell(data: InstructionData, log: Path) -> None:
    real = hypnos.data.datamodule.prepare

    def told(*args, **kwargs):
        with log.open("a") as stream:
            stream.write("prepared\n")
        real(*args, **kwargs)

    hypnos.data.datamodule.prepare = told
    data.prepare_data()
    assert len(data.train_rows) > 0


def test_two_processes_prepare_the_same_data_once(make, write_lines, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    source, log = Source(write_lines("a.jsonl", pairs(500))), tmp_path / "log"
    fork = multiprocessing.get_context("fork")
    racers = [fork.Process(target=_prepare_and_tell, args=(make(source), log)) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert [racer.exitcode for racer in racers] == [0, 0]
    assert log.read_text() == "prepared\n"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"row_length": 63}, "row_length 63 >= max_length 64"),
        ({"rows_per_step": 0}, "rows_per_step 0 >= 1"),
        ({"packing": "worst_fit"}, "packing 'worst_fit': know best_fit, first_fit, none"),
        ({"weights": {"s0": 0}}, "must be above 0"),
        ({"weights": {"typo": 2}}, r"weights \{'typo': 2\}: must be above 0, for sources s0"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_before_anything_is_read(make, settings: dict, line: str) -> None:
    with pytest.raises(UserError, match=line):
        make(Source("nowhere.jsonl"), **settings)


@pytest.mark.parametrize("sources", [{}, {"heldout": Source("a.jsonl")}])
def test_sources_must_be_named_and_not_as_the_held_out_part(sources: dict) -> None:
    with pytest.raises(UserError, match="needs a source, and none named heldout"):
        InstructionData(sources=sources, cache="c", max_length=8, row_length=8, rows_per_step=1)


def test_a_missing_file_is_named_before_anything_is_made(make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.jsonl: no such file"):
        make(Source(str(tmp_path / "nowhere.jsonl"))).check()
    assert not (tmp_path / "cache").exists()


class Watched(Instruction):
    __slots__ = ("__weakref__",)


def test_records_do_not_pile_up_in_memory(make, write_lines, monkeypatch) -> None:
    alive: weakref.WeakSet = weakref.WeakSet()
    most = 0

    def watched(row, *, source):
        nonlocal most
        record = Watched(str(len(alive)), row["question"], row["answer"])
        alive.add(record)
        most = max(most, len(alive))
        yield record

    Watched.__hash__ = object.__hash__  # type: ignore[method-assign]
    Watched.__eq__ = object.__eq__  # type: ignore[method-assign]
    monkeypatch.setattr(hypnos.corpus.sources, "to_records", watched)
    data = make(Source(write_lines("a.jsonl", pairs(20_000))))
    data.prepare_data()
    assert len(data._open("s0")) == 20_000
    assert 0 < most <= 2 * hypnos.data.prepare.BATCH + 1
