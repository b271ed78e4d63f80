import logging
from types import SimpleNamespace

import pytest
import torch

from hypnos.tuning.callbacks.progress import Progress


def test_where_there_is_no_terminal_a_line_tells_step_loss_and_what_is_left(caplog, monkeypatch):
    """Two ranks: 20 tokens each a micro-batch, of which 12 in all have a loss; a step of two takes a second."""
    now = iter([100.0, 101.0, 102.0])
    monkeypatch.setattr("hypnos.tuning.callbacks.progress.time.monotonic", lambda: next(now))
    metrics = {"train/loss": torch.tensor(1.25)}
    trainer = SimpleNamespace(
        global_step=4, world_size=2, is_global_zero=True, estimated_stepping_batches=10, callback_metrics=metrics
    )
    logged = []
    module = SimpleNamespace(log=lambda name, value, **more: logged.append((name, float(value))))
    progress = Progress(every_seconds=1.5)
    row = {"input_ids": torch.zeros(1, 20), "step_tokens": torch.tensor(12)}
    with caplog.at_level(logging.INFO, "hypnos"):
        progress.on_train_start(trainer, module)
        for step in (4, 5, 5, 6):
            trainer.global_step = step
            progress.on_train_batch_end(trainer, module, None, row, 0)
        progress.on_train_end(trainer, module)
    assert logged == [
        ("train/tokens_per_second", pytest.approx(80.0)),
        ("train/learnt_tokens_per_second", pytest.approx(12.0)),
        ("train/tokens_per_second", pytest.approx(80.0)),
        ("train/learnt_tokens_per_second", pytest.approx(12.0)),
    ]
    assert [record.getMessage() for record in caplog.records] == ["step 6 of 10, loss 1.250, 80 tokens/s, 00:04 left"]
