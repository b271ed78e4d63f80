"""Steps of small models on one device or, started as a script, on two that share the weights.

python sharded_steps.py <folder with documents, tied/ and untied/>
"""

import itertools
import sys
from functools import partial
from pathlib import Path
from typing import Any

import datasets
import torch
from pytorch_lightning import Callback, LightningDataModule, Trainer
from torch.utils.data import DataLoader

from hypnos.data.pack import pack
from hypnos.data.rows import NO_ROW, PackedRows, StepSampler
from hypnos.tuning.callbacks.checkpoints import CHECKPOINTS, Checkpoints, WholeFiles
from hypnos.tuning.distributed.sharding import build_trainer, gather
from hypnos.tuning.full import FullTuning
from hypnos.tuning.job import StageJob
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.schedule import constant

STEPS, ROWS_PER_STEP = 4, 3
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
KINDS: dict[str, dict[str, Any]] = {
    "full": {},
    "full, recomputed": {"activation_checkpointing": True},
    "full, bf16-mixed": {"precision": "bf16-mixed"},
    "lora": {"r": 4},
    "lora, no embeddings": {"r": 4, "train_embeddings": False},
    "dora, recomputed": {"r": 4, "use_dora": True, "activation_checkpointing": True},
}
RESUMED: dict[str, dict[str, Any]] = {  # with Adam's moments, and with what each rank draws
    "full, Adam": {"optimizer": partial(torch.optim.AdamW, fused=True), "lr": 1e-2},
    "lora, Adam": {"optimizer": partial(torch.optim.AdamW, fused=True), "lr": 1e-2, "r": 4, "lora_dropout": 0.3},
}
CASES = [(kind, tie) for tie in ("untied", "tied") for kind in KINDS]


class Documents(LightningDataModule):
    """Rows of 64 tokens, for training and as held-out text; an odd number, so that one rank has a row less."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        documents = datasets.load_from_disk(str(folder / "documents"))
        self.rows = PackedRows(documents, pack(documents.data.column("length").to_numpy(), 64))
        self.steps_per_epoch = -(-len(self.rows) // ROWS_PER_STEP)

    def train_dataloader(self) -> DataLoader:
        trainer = self.trainer
        assert trainer is not None
        order = StepSampler(
            self.rows.loss_tokens,
            rows_per_step=ROWS_PER_STEP,
            seed=0,
            rank=trainer.global_rank,
            world=trainer.world_size,
            steps_done=lambda: trainer.global_step,
        )
        return DataLoader(self.rows, sampler=order, batch_size=None)

    def val_dataloader(self) -> DataLoader:
        assert self.trainer is not None
        world, rank, count = self.trainer.world_size, self.trainer.global_rank, len(self.rows)
        mine = [(at if at < count else NO_ROW, 0) for at in range(rank, -(-count // world) * world, world)]
        return DataLoader(self.rows, sampler=mine, batch_size=None)


class Figures(Callback):
    """Loss and gradient's norm of every step, and the held-out losses."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {"train/loss": [], "train/grad_norm": [], "val/loss": []}

    def on_train_start(self, trainer: Trainer, *args: Any) -> None:
        self._step = trainer.global_step

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if trainer.global_step > self._step:
            self._step = trainer.global_step
            for name in ("train/loss", "train/grad_norm"):
                self.found[name].append(float(trainer.callback_metrics[name]))

    def on_validation_end(self, trainer: Trainer, *args: Any) -> None:
        self.found["val/loss"].append(float(trainer.callback_metrics["val/loss"]))


def run_case(kind: str, tie: str, folder: Path, place: Path, *, sharded: bool, parts: bool = False) -> dict[str, Any]:
    """Train, or go on from the newest checkpoint in `place`.

    Returns:
        `figures`, of this run; `weights`, merged, on the first rank; `held`, the numbers that this rank kept.
    """
    settings = {**KINDS, **RESUMED}[kind].copy()
    precision = settings.pop("precision", "32-true")
    # Plain descent: Adam divides small gradients by themselves, and so makes rounding errors large.
    made = {"lr": 0.3, "optimizer": partial(torch.optim.SGD, momentum=0.9), "schedule": partial(constant, warmup=0.0)}
    torch.manual_seed(0)  # where adapters start
    adapters = {"lora_alpha": 8, "target_modules": LAYERS} if "r" in settings else {}
    module: Any = (LoraTuning if adapters else FullTuning)(**{**made, **settings, **adapters})
    fields = dict.fromkeys(("name", "key", "parent_key", "base", "dtype"), "steps")
    paths = dict.fromkeys(("parent", "tokenizer", "output"), folder)
    module.attach(StageJob(**fields, **paths, seed=0, settings={}, lineage={}), folder=place, tracking=None)
    figures = Figures()
    devices = 2 if sharded else 1
    trainer = build_trainer(
        lambda settings, **given: Trainer(**{**settings, **given}),
        {
            **{"tuning": {}, "callbacks": {"checkpoint": {"parts": parts}}},
            "trainer": {"strategy": "fsdp" if sharded else "auto", "precision": precision},
        },
        accelerator="cpu",
        devices=devices,
        max_epochs=-1,
        max_steps=STEPS,
        accumulate_grad_batches=-(-ROWS_PER_STEP // devices),
        gradient_clip_val=1.0,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        callbacks=[figures, Checkpoints(every_n_train_steps=2, parts=parts)],
        **dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary"), False),
        default_root_dir=str(folder),
    )
    trainer.strategy.checkpoint_io = WholeFiles()
    module.load(folder / tie, empty=sharded and trainer.global_rank > 0)
    newest = max((place / CHECKPOINTS).glob("step-*.ckpt"), default=None)
    trainer.fit(module, datamodule=Documents(folder), ckpt_path=newest, weights_only=True)
    held = sum((p.to_local() if sharded else p).numel() for p in module.parameters())
    if sharded:
        gather(module, folder / tie, first=trainer.is_global_zero)
    weights = dict(module.merge().state_dict()) if trainer.is_global_zero else {}
    return {"figures": figures.found, "weights": {n: w.detach().clone() for n, w in weights.items()}, "held": held}


def main(folder: Path) -> None:
    """Run every case on two ranks, and some a second time from their middle; the first keeps what was found."""
    for kind, tie in CASES:
        place = folder / f"{kind}, {tie}"
        found = run_case(kind, tie, folder, place, sharded=True)
        if found["weights"]:
            torch.save(found, place / "found.pt")
    for kind, parts in itertools.product(RESUMED, (False, True)):
        place = folder / (f"{kind}, parts" if parts else kind)
        whole = run_case(kind, "tied", folder, place, sharded=True, parts=parts)
        again = run_case(kind, "tied", folder, place, sharded=True, parts=parts)
        if whole["weights"]:
            torch.save((whole, again), place / "found.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
