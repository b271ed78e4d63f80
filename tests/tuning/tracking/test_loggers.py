import csv

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SHORT = ["stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2", "answers.max_new_tokens=2"]


def test_curves_and_answers_are_written_without_an_account(train_once, tmp_path):
    logs = [f"logger.{kind}.save_dir={tmp_path}" for kind in ("csv", "tensorboard")]
    short = ["experiment=specific_only", "stages.anesthesia.trainer.max_steps=2", "seed=8"]
    train_once("logger=default", *logs, *short)
    with (tmp_path / "anesthesia" / "metrics.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    losses = [float(row["train/loss"]) for row in rows if row["train/loss"]]
    assert len(losses) == 2 and all(5 < loss < 12 for loss in losses)
    for name in (
        *("train/grad_norm", "train/tokens_per_second", "train/learnt_tokens_per_second", "val/loss"),
        *("val/bits_per_char", "data/truncated_share", "heldout/general_bits_per_char", "forgetting/general"),
        *("fertility/anesthesia_before", "fertility/anesthesia_after"),
    ):
        assert any(row[name] for row in rows), name
    assert all(
        float(row["train/learnt_tokens_per_second"]) < float(row["train/tokens_per_second"])
        for row in rows
        if row["train/loss"]
    )
    board = EventAccumulator(str(tmp_path / "anesthesia")).Reload()
    numbers = {column for row in rows for column, value in row.items() if value} - {"step", "experiment_step"}
    assert numbers <= set(board.Tags()["scalars"])
    assert {"answers/1/text_summary", "answers/3/text_summary", "measures/text_summary"} <= set(board.Tags()["tensors"])
