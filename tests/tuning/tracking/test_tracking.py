"""What a stage shows besides its curves, in every kind of logger."""

import csv
import json
from types import SimpleNamespace

import pytest
import yaml
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from hypnos.tuning.tracking.tracking import Tracking, data_values, funnel_rows
from hypnos.tuning.tracking.wandb_logger import StageWandbLogger

SOURCE = {
    "records": 80,
    "held_out": 10,
    "documents": 84,
    "truncated": 21,
    "tokens": 9000,
    "learnt_tokens": 4000,
    "unselected": {"below_threshold": 15, "harmful": 5},
    "rejected": {"no output": 3},
    "examples": [{"where": "line 3", "reason": "no output"}],
}
REPORT = {"sources": {"anesthesia": SOURCE}, "epoch": {"learnt_tokens": 3500, "rows": 9, "steps": 3}}
KEY = "planted-0123456789"


def measures(general: float, anesthesia: float) -> dict:
    more = {"loss": 1.0, "tokens_per_char": 0.5, "characters": 100}
    return {
        "general": {"bits_per_char": general, "tokens": 50, **more},
        "anesthesia": {"bits_per_char": anesthesia, "tokens": 50, **more},
        "empty": {"bits_per_char": 0.0, "tokens": 0, **more},
    }


@pytest.fixture
def shown(tmp_path, monkeypatch, recorded_runs, make_job):
    """A second stage of two steps after a first of five, shown in all loggers."""
    from matplotlib.figure import Figure

    monkeypatch.setenv("SOMEBODY_API_KEY", KEY)
    tokenizer = tmp_path / "chinese-11"
    parent, directory, data = tmp_path / "general-22", tmp_path / "anesthesia-33", tmp_path / "data-44"
    for folder in (tokenizer, parent, directory, data):
        folder.mkdir()
        (folder / "file.bin").write_bytes(b"0")
    (tmp_path / "cases.jsonl").write_text('{"output": "住院病例"}\n', "utf-8")
    kinds = {"general": {"before": {"tokens_per_character": 2.5}, "after": {"tokens_per_character": 0.9}}}
    (tokenizer / "fertility.json").write_text(json.dumps({"kinds": kinds}))
    Figure(figsize=(1, 1)).savefig(tokenizer / "fertility.png")
    loggers = [
        CSVLogger(str(tmp_path), name="csv", version=""),
        TensorBoardLogger(str(tmp_path), name="board", version=""),
        StageWandbLogger(project="hypnos", save_dir=str(tmp_path / "w"), job_type="anesthesia", group="g", name="arm"),
    ]
    before = {"vocabulary": measures(5.0, 6.0), "general": measures(3.0, 5.0)}
    tracking = Tracking(before=before, offset=5)
    settings = {"stage": "anesthesia", "model": {"path": f"https://{KEY}@hub/model"}, "tuning": {"lr": 0.5}}
    tracking.begin(loggers, settings=settings, data=REPORT, tokenizer=tokenizer, held_out={})
    tracking.along({"general": 3.25, "anesthesia": 4.5}, 1)
    module = SimpleNamespace(
        directory=data,
        report=lambda: REPORT,
        sources={"a": SimpleNamespace(path=str(tmp_path / "cases.jsonl")), "b": SimpleNamespace(path="hub:owner/name")},
    )
    job = make_job(name="anesthesia", parent=parent, tokenizer=tokenizer)
    tracking.end(job, measures(3.5, 4.0), directory=directory, data=module, steps=2)
    tracking.close(failed=False)
    (run,) = recorded_runs
    return SimpleNamespace(folder=tmp_path, run=run)


def test_held_out_text_goes_on_where_the_stage_before_it_ended(shown):
    rows = [row for row in shown.run.logged if "heldout/general_bits_per_char" in row]
    points = [
        (row["experiment_step"], row["trainer/global_step"], row["heldout/general_bits_per_char"]) for row in rows
    ]
    assert points == [(5, 0, 3.0), (6, 1, 3.25), (7, 2, 3.5)]
    assert [row["heldout/anesthesia_bits_per_char"] for row in rows] == [5.0, 4.5, 4.0]
    assert "heldout/empty_bits_per_char" not in rows[0]
    assert shown.run.axes["heldout/general_bits_per_char"] == shown.run.axes["forgetting/general"] == "experiment_step"


def test_forgetting_is_what_the_stage_alone_changed(shown):
    assert shown.run.values("forgetting/general") == [0.5]  # from 3.0 to 3.5: forgotten
    assert shown.run.values("forgetting/anesthesia") == [-1.0]
    (table,) = shown.run.values("measures")
    assert table.columns == ["model", "text", "bits_per_char", "loss", "tokens_per_char"]
    assert {row[1] for row in table.data} == {"general", "anesthesia"}  # nothing was measured on the empty set
    assert [row[:3] for row in table.data if row[1] == "general"] == [
        ["vocabulary", "general", 5.0],
        ["general", "general", 3.0],
        ["anesthesia", "general", 3.5],
    ]


def test_csv_and_tensorboard_show_the_same_numbers_and_texts(shown):
    with (shown.folder / "csv" / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    axis = [
        (int(r["experiment_step"]), float(r["heldout/general_bits_per_char"])) for r in rows if r["experiment_step"]
    ]
    assert axis == [(5, 3.0), (6, 3.25), (7, 3.5)]
    board = EventAccumulator(str(shown.folder / "board")).Reload()
    assert [(e.step, e.value) for e in board.Scalars("heldout/general_bits_per_char")] == axis
    for name in ("forgetting/general", "data/truncated_share", "data/kept_share", "fertility/general_after"):
        told = [float(row[name]) for row in rows if row[name]]
        assert told == [pytest.approx(e.value) for e in board.Scalars(name)] == shown.run.values(name), name
    assert "hp_metric" not in board.Tags()["scalars"]
    assert board.Images("fertility") and "fertility" in shown.run.logged[2]
    text = board.Tensors("data/funnel/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "|anesthesia|not selected|below_threshold|15|" in text


def test_settings_are_told_without_keys(shown):
    assert shown.run.config["tuning"] == {"lr": 0.5} and shown.run.config["model"]["path"].endswith("@hub/model")
    assert yaml.safe_load((shown.folder / "csv" / "hparams.yaml").read_text()) == dict(shown.run.config)
    assert KEY not in repr(vars(shown.run))
    for folder in ("csv", "board", "w"):
        for file in (shown.folder / folder).rglob("*"):
            assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_a_run_knows_what_it_was_made_from_and_what_it_made(shown):
    used = {(artifact.type, artifact.name.split(":")[0]) for artifact in shown.run.used}
    records = ("records", f"{shown.folder.name}-cases")
    assert used == {("model", "general-22"), ("dataset", "data-44"), ("vocabulary", "chinese-11"), records}
    (made,) = shown.run.made
    assert (made.type, made.name.split(":")[0]) == ("model", "anesthesia-33")
    assert all(entry.ref.startswith("file://") for entry in made.manifest.entries.values())
    assert shown.run.exit_code == 0 and shown.run.asked["job_type"] == "anesthesia"


def test_shares_of_the_data():
    values = data_values(REPORT)
    assert values["data/kept_share"] == 0.8 and values["data/truncated_share"] == 0.25
    assert values["data/learnt_tokens_per_epoch"] == 3500
    assert list(funnel_rows(REPORT)) == [
        ("anesthesia", "unusable", "no output", 3),
        ("anesthesia", "not selected", "below_threshold", 15),
        ("anesthesia", "not selected", "harmful", 5),
        ("anesthesia", "held out", "", 10),
        ("anesthesia", "trained on", "", 70),
    ]


def test_a_stage_that_was_made_before_shows_nothing(tmp_path, recorded_runs, make_job):
    tracking = Tracking(before={}, offset=0)
    tracking.end(make_job(), measures(1.0, 1.0), directory=tmp_path, data=None, steps=1)
    tracking.close(failed=False)
    assert not recorded_runs
