import json
import multiprocessing
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import datasets
import pytest

import hypnos.corpus.sources
import hypnos.data.batch
import hypnos.data.datamodule
from hypnos.corpus.sources import Source, is_held_out
from hypnos.data.datamodule import InstructionData
from hypnos.data.rows import column
from hypnos.errors import UserError


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


def test_data_are_prepared_once_and_then_reused_by_content(
    make_data, write_lines, monkeypatch, tmp_path: Path, pairs
) -> None:
    first = prepared(make_data(Source(write_lines("a.jsonl", pairs(20)))))
    monkeypatch.setattr(hypnos.data.datamodule, "prepare", lambda *_, **__: pytest.fail("prepared twice"))
    elsewhere = write_lines("b.jsonl", pairs(20))
    os.utime(elsewhere, (1, 1))
    again = prepared(make_data(Source(elsewhere), row_length=256, rows_per_step=8, packing="first_fit", seed=4))
    assert again.directory == first.directory
    assert left_in(tmp_path / "cache") == [first.directory.name]


def test_whatever_changes_the_tokens_changes_the_place(make_data, write_lines, pairs) -> None:
    path = write_lines("a.jsonl", pairs(20))
    places = [
        make_data(Source(path)).directory,
        make_data(Source(write_lines("b.jsonl", pairs(21)))).directory,
        make_data(Source(path, holdout=0.1)).directory,
        make_data(Source(path, limit=5)).directory,
        make_data(Source(path), max_length=63).directory,
        make_data(Source(path), max_heldout=5).directory,
        make_data(Source(path), tokenizer="blanks").directory,  # the same pieces under another chat template
        make_data(Source(path), tokenizer="chatml").directory,
    ]
    assert len(set(places)) == len(places)


def test_whatever_changes_the_rows_changes_the_key_and_nothing_else_does(make_data, write_lines, pairs) -> None:
    source = Source(write_lines("a.jsonl", pairs(20)))
    keys = [
        json.dumps(make_data(source, **settings).key(), sort_keys=True)
        for settings in (
            {}, {"seed": 1}, {"packing": "none"}, {"row_length": 256}, {"rows_per_step": 4}, {"weights": {"s0": 2}},
            {"workers": 2}, {"encoders": 2}, {"weights": {"s0": 1}}, {"weights": {}},
        )
    ]  # fmt: skip
    assert len(set(keys[:6])) == 6
    assert set(keys[6:]) == {keys[0]}


def test_held_out_groups_are_measured_and_never_trained_on(make_data, write_lines, load, pairs) -> None:
    rows = pairs(200)
    data = prepared(make_data(Source(write_lines("a.jsonl", rows), holdout=0.25)))
    expected = {row["answer"] for row in rows if is_held_out(row["group"], 0.25)}
    held_out = {text.rsplit("\n", 1)[1] for text in texts_of(data, "heldout", load("plain"))}
    trained = {text.rsplit("\n", 1)[1] for text in texts_of(data, "s0", load("plain"))}
    assert held_out == expected
    assert trained == {row["answer"] for row in rows} - expected
    validated = [row["characters"].item() for row in data.val_dataloader()]
    assert sum(validated) == sum(map(len, expected))


def test_held_out_records_beyond_the_most_wanted_are_left_out_of_both(make_data, write_lines, pairs) -> None:
    data = prepared(make_data(Source(write_lines("a.jsonl", pairs(200)), holdout=0.25), max_heldout=10))
    aside = sum(is_held_out(f"g{number}", 0.25) for number in range(200))
    assert len(data._open("heldout")) == 10
    assert len(data._open("s0")) == 200 - aside
    report = json.loads((data.directory / "report.json").read_text("utf-8"))
    assert report["sources"]["s0"]["held_out"] == aside


@pytest.mark.parametrize(("most", "shares"), [(21, [11, 10]), (1000, [500, 500]), (1, [1, 0])])
def test_each_source_has_its_share_of_what_is_held_out(make_data, write_lines, pairs, most, shares) -> None:
    sources = [
        Source(write_lines(f"{name}.jsonl", pairs(count)), holdout=0.25) for name, count in (("a", 400), ("b", 200))
    ]
    data = prepared(make_data(*sources, max_heldout=most))
    names = Counter(name.split("/")[0] for name in data.held_out_documents()["records"])
    aside = [sum(is_held_out(f"g{number}", 0.25) for number in range(count)) for count in (400, 200)]
    assert [names[f"s{at}"] for at in range(2)] == [min(one, all_of) for one, all_of in zip(shares, aside)]
    assert len(data._open("s0")) == 400 - aside[0]


def test_the_rows_of_an_epoch_hold_every_document_once(make_data, write_lines, pairs) -> None:
    data = prepared(make_data(Source(write_lines("a.jsonl", pairs(50)))))
    assert seen_documents(data) == list(range(50))
    rows = list(data.train_dataloader())
    assert len(rows) == len(data.train_rows)
    assert data.steps_per_epoch == -(-len(rows) // 2)
    assert sum((row["position_ids"] == 0).sum().item() for row in rows) == 50
    assert all(row["input_ids"].shape == row["position_ids"].shape for row in rows)
    assert max(row["input_ids"].shape[1] for row in rows) <= 128


def test_workers_do_not_change_the_rows_or_their_order(make_data, write_lines, pairs) -> None:
    source = Source(write_lines("a.jsonl", pairs(30)))
    alone, helped = (list(prepared(make_data(source, workers=workers)).train_dataloader()) for workers in (0, 1))
    assert [row["input_ids"].tolist() for row in alone] == [row["input_ids"].tolist() for row in helped]
    assert [row["step_tokens"].item() for row in alone] == [row["step_tokens"].item() for row in helped]


def test_documents_that_teach_nothing_make_rows_without_targets(make_data, write_lines, monkeypatch, pairs) -> None:
    add = hypnos.data.batch._Columns.add

    def add_unlearnt(columns, documents) -> None:
        add(columns, [replace(document, loss_mask=[False] * len(document.loss_mask)) for document in documents])

    monkeypatch.setattr(hypnos.data.batch._Columns, "add", add_unlearnt)
    data = prepared(make_data(Source(write_lines("a.jsonl", pairs(5)))))
    rows = list(data.train_dataloader())
    assert rows
    assert all(row["labels"].shape == (0,) and row["step_tokens"].item() == 0 for row in rows)


def test_everything_held_out_leaves_nothing_to_train_on(make_data, write_lines, pairs) -> None:
    held_out = [row for row in pairs(100) if is_held_out(row["group"], 0.5)]
    data = prepared(make_data(Source(write_lines("a.jsonl", held_out), holdout=0.5)))
    with pytest.raises(UserError, match=r"no record is left to train on \(s0\)"):
        data.train_dataloader()


def test_nothing_held_out_leaves_nothing_to_validate(make_data, write_lines, pairs) -> None:
    assert prepared(make_data(Source(write_lines("a.jsonl", pairs(5))))).val_dataloader() == []


def _prepare_and_tell(data: InstructionData, log: Path) -> None:
    real = hypnos.data.datamodule.prepare

    def told(*args, **kwargs):
        with log.open("a") as stream:
            stream.write("prepared\n")
        real(*args, **kwargs)

    hypnos.data.datamodule.prepare = told
    data.prepare_data()
    assert len(data.train_rows) > 0


def test_two_processes_prepare_the_same_data_once(make_data, write_lines, monkeypatch, tmp_path: Path, pairs) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    source, log = Source(write_lines("a.jsonl", pairs(500))), tmp_path / "log"
    fork = multiprocessing.get_context("fork")
    racers = [fork.Process(target=_prepare_and_tell, args=(make_data(source), log)) for _ in range(2)]
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
def test_a_setting_out_of_its_range_is_refused_before_anything_is_read(make_data, settings: dict, line: str) -> None:
    with pytest.raises(UserError, match=line):
        make_data(Source("nowhere.jsonl"), **settings)


@pytest.mark.parametrize("sources", [{}, {"heldout": Source("a.jsonl")}])
def test_sources_must_be_named_and_not_as_the_held_out_part(sources: dict) -> None:
    with pytest.raises(UserError, match="needs a source, and none named heldout"):
        InstructionData(sources=sources, cache="c", max_length=8, row_length=8, rows_per_step=1)


def test_a_missing_file_is_named_before_anything_is_made(make_data, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.jsonl: no such file"):
        make_data(Source(str(tmp_path / "nowhere.jsonl"))).check()
    assert not (tmp_path / "cache").exists()


def test_held_out_documents_are_named_in_the_order_of_the_rows(make_data, write_lines) -> None:
    answers = [{"id": f"r{n}", "instruction": f"q{n}", "output": "的" * (3 + n % 5)} for n in range(40)]
    rows = [{**row, "group": f"g{number // 2}"} for number, row in enumerate(answers)]
    data = prepared(make_data(Source(write_lines("records.jsonl", rows), holdout=0.3)))
    named = data.held_out_documents()
    assert 0 < len(named["records"]) < 40
    assert named["characters"] == [3 + int(record.removeprefix("s0/r")) % 5 for record in named["records"]]
    assert named["groups"] == [f"s0/g{int(record.removeprefix('s0/r')) // 2}" for record in named["records"]]


def test_each_copy_has_a_tokenizer_of_its_own(tokenizer_folders, write_lines, pairs, tmp_path: Path) -> None:
    sources = {"s": Source(write_lines("a.jsonl", pairs(20)))}
    data = InstructionData(sources=sources, cache=str(tmp_path), max_length=64, row_length=64, rows_per_step=1)
    plain, chatml = (prepared(data.with_tokenizer(tokenizer_folders[name])) for name in ("plain", "chatml"))
    lengths = [
        int(one.train_rows.packing.sums(column(one.train_rows.documents, "length")).sum()) for one in (plain, chatml)
    ]
    assert lengths[0] != lengths[1]
    assert data.tokenizer is None and data.key() == plain.key() == chatml.key()
    with pytest.raises(AssertionError, match="opened with one tokenizer"):
        plain.with_tokenizer(tokenizer_folders["chatml"])


def test_a_copy_goes_on_after_the_steps_that_are_done(tokenizer_folders, write_lines, pairs, tmp_path: Path) -> None:
    sources = {"s": Source(write_lines("a.jsonl", pairs(20)))}
    data = InstructionData(sources=sources, cache=str(tmp_path), max_length=64, row_length=64, rows_per_step=2)
    first, rest = (prepared(data.with_tokenizer(tokenizer_folders["plain"], steps_done=done)) for done in (0, 2))
    whole, left = ([row["input_ids"].tolist() for row in one.train_dataloader()] for one in (first, rest))
    assert len(whole) > 4 and left == whole[4:]
