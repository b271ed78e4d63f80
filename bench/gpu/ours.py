"""This project's tuning: packed rows, one attention kernel for all documents, logits where a token is learnt."""

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer

from bench.gpu.work import LENGTH, ROWS_PER_STEP, WARM, Clock, config, make_model, pairs
from bench.peers.ours import Pairs
from bench.peers.work import LAYERS, LORA, LR
from hypnos.tuning.compute.attention import choose_attention
from hypnos.tuning.full import FullTuning
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.memory import measure_row
from hypnos.tuning.module import Tuning
from hypnos.tuning.schedule import constant


class Timed(Callback):
    """Counts tokens as they are trained on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_train_batch_end(self, trainer: Trainer, module: Any, outputs: Any, batch: Any, number: int) -> None:
        self.clock.tokens += batch["input_ids"].numel()
        if number + 1 == WARM * ROWS_PER_STEP:
            self.clock.start()

    def on_train_end(self, trainer: Trainer, module: Any) -> None:
        self.clock.stop()
        module.model = torch.nn.Module()  # Lightning would carry all of it into the host's memory
        for optimizer in trainer.optimizers:
            optimizer.state.clear()


def make_module(kind: str, *, recomputed: bool) -> Tuning:
    """Of `lora`, `qlora`, `full` (weights in bfloat16) and `full32` (in float32)."""
    shared: dict[str, Any] = {
        "lr": LR,
        "optimizer": partial(torch.optim.AdamW, fused=True),
        "schedule": partial(constant, warmup=0.0),
        "activation_checkpointing": recomputed,
        "dtype": "float32" if kind == "full32" else "bfloat16",
    }
    if kind.startswith("full"):
        return FullTuning(**shared)
    return LoraTuning(**shared, **LORA, target_modules=LAYERS, quantization="nf4" if kind == "qlora" else None)


def main(kind: str, how: str) -> None:
    data = Pairs(pairs(), length=LENGTH, rows_per_step=ROWS_PER_STEP)
    loss_tokens = round(LENGTH * data.rows.loss_tokens.sum() / data.tokens)
    shape = {"precision": "bf16-mixed", "tokens": LENGTH, "loss_tokens": loss_tokens}
    own, useful = (
        measure_row(make_module(kind, recomputed=recomputed), config(), **shape)
        for recomputed in (how == "recomputed", False)
    )
    module = make_module(kind, recomputed=how == "recomputed")
    clock = Clock()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if kind == "qlora":
            make_model(torch.bfloat16, "sdpa").save_pretrained(folder)
            torch.cuda.empty_cache()
        else:
            model = make_model(module.weights_dtype, choose_attention("auto"))
            module.read = lambda directory: model  # type: ignore[method-assign]
        module.load(Path(folder))
        trainer = Trainer(
            accelerator="gpu",
            devices=1,
            precision="bf16-mixed",
            max_epochs=1,
            accumulate_grad_batches=ROWS_PER_STEP,
            gradient_clip_val=1.0,
            callbacks=[Timed(clock)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        trainer.fit(module, datamodule=data)
        clock.report(estimate=own.peak, flops=useful.flops / LENGTH, done=own.flops / LENGTH)


if __name__ == "__main__":
    main(*sys.argv[1:])
