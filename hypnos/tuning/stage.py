"""One stage: from its parent's directory to its own."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer, seed_everything
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities.exceptions import SIGTERMException

from hypnos.errors import Interrupted, UserError
from hypnos.tuning.callbacks.checkpoints import Checkpoints, WholeFiles, newest_sound, steps_of
from hypnos.tuning.callbacks.heldout_curve import HeldOutCurve
from hypnos.tuning.callbacks.sample_answers import Answers
from hypnos.tuning.distributed.ranks import is_first_rank
from hypnos.tuning.distributed.sharding import Sharded, build_trainer, gather
from hypnos.tuning.distributed.watchdog import watched
from hypnos.tuning.export import describe_stage, export_model
from hypnos.tuning.handoff import check_directory, check_parent, check_same, probe_logits, reload_logits
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.module import Tuning
from hypnos.tuning.tracking.tracking import Tracking

log = logging.getLogger(__name__)

Build = Callable[..., Any]
"""Makes an object from a plain dict with a `_target_`, and further arguments."""

VERSION = 2
"""Raised when this room's code changes what a stage's settings give."""

UNCOUNTED = {
    "trainer": {
        *("accelerator", "devices", "num_nodes", "strategy", "logger", "callbacks", "default_root_dir"),
        *("log_every_n_steps", "enable_progress_bar", "enable_model_summary"),
    },
    "callbacks": {"progress", "answers", "checkpoint", "heldout"},
}
"""Settings that do not change what a stage learns; everything else is part of its key."""


def counted(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a stage that decide its result, but for its data, which have a key of their own."""
    return {
        part: {k: v for k, v in settings.items() if k not in UNCOUNTED.get(part, ())}
        for part, settings in config.items()
        if part in ("tuning", "trainer", "callbacks")
    }


def train_stage(
    directory: Path,
    *,
    name: str,
    key: str,
    config: Mapping[str, Any],
    build: Build,
    tracking: Tracking,
    parent: Path,
    parent_key: str,
    parents: Mapping[str, str],
    base: str,
    tokenizer: Path,
    dtype: str,
    seed: int,
    output: Path,
) -> None:
    """Train a stage in a folder and fill the folder with the result.

    Checkpoints lie in the folder until the stage is exported; a stage that was stopped goes on from the last.

    Args:
        directory: to fill; may hold checkpoints of an earlier try.
        name: of the stage.
        key: of the stage.
        config: its `data`, `tuning`, `trainer` and `callbacks`, plain.
        build: makes objects from them.
        tracking: the stage's loggers, begun.
        parent: directory of the model to start from.
        parent_key: its key.
        parents: keys of all that came before, by name.
        base: the base's path or name, for the card.
        tokenizer: directory of the run's tokenizer.
        dtype: of the exported weights.
        seed: of initial adapters and dropout.
        output: folder of the run's logs.

    Raises:
        UserError: the parts do not fit, or the loss is not a number.
        Interrupted: training was stopped; its checkpoints are kept.
    """
    started = time.monotonic()
    check_parent(parent, key=parent_key, tokenizer=tokenizer)
    seed_everything(seed, verbose=False)
    data = build(config["data"])
    data.use_tokenizer(tokenizer)
    module: Tuning = build(config["tuning"])
    module.stage_key, module.stage_seed = key, seed
    trainer = build_trainer(build, config, logger=tracking.loggers, default_root_dir=str(output))
    sharded = isinstance(trainer.strategy, Sharded)
    module.load(parent, empty=sharded and not is_first_rank())
    trainer.strategy.checkpoint_io = WholeFiles()
    trainer.accumulate_grad_batches = -(-data.rows_per_step // trainer.world_size)
    checkpoints = directory / "checkpoints"
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Checkpoints):
            callback.folder, callback.stage = checkpoints, name
        if isinstance(callback, ModelCheckpoint):
            callback.dirpath = str(checkpoints)
        if isinstance(callback, Answers):
            callback.tokenizer, callback.file = tokenizer, output / f"answers-{name}.jsonl"
        if isinstance(callback, HeldOutCurve) and tracking.loggers:
            callback.sets, callback.tell = tracking.held_out, tracking.along
    trained = sum(p.numel() for p in module.model.parameters() if p.requires_grad)
    newest = newest_sound(checkpoints, key)
    data.first_step = steps_of(newest) if newest else 0
    try:
        with watched(trainer):
            trainer.fit(module, datamodule=data, ckpt_path=newest, weights_only=True)
            if trainer.interrupted:
                raise _stopped(name, trainer)
            _save_end(trainer)
            _take_best(trainer, module)
            metrics = _final_metrics(trainer, module, data, name)
            if sharded:
                gather(module, parent, first=trainer.is_global_zero)
    except SIGTERMException as error:  # a scheduler took the machine back
        raise _stopped(name, trainer) from error
    # The optimizer's moments would otherwise lie in memory beside the merged and the reloaded model, or on other
    # ranks beside the next stage's.
    trainer.strategy.optimizers = []
    module.zero_grad(set_to_none=True)
    if not trainer.is_global_zero:
        return
    _export(module, directory, parent, tokenizer, dtype)
    describe_stage(
        directory,
        {
            "name": name,
            "key": key,
            "version": VERSION,
            "base": base,
            "parents": dict(parents),
            "settings": counted(config) | {"data": data.key()},
            "seed": seed,
            "steps": trainer.global_step,
            "seconds": time.monotonic() - started,
            "device": device_name(trainer),
            "processes": trainer.world_size,
            "metrics": metrics,
            "parameters": {"all": _count(directory), "trained": trained},
        },
    )


def device_name(trainer: Trainer) -> str:
    """What a stage was trained on, for the count of hours."""
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _stopped(name: str, trainer: Trainer) -> Interrupted:
    return Interrupted(f"stage {name} was stopped at step {trainer.global_step}; the same command goes on")


def _export(module: Tuning, directory: Path, parent: Path, tokenizer: Path, dtype: str) -> None:
    """Merge, write, and prove on a probe that the written model is the trained one."""
    module.settle(parent)
    module.eval()
    module.model.set_attn_implementation("sdpa")  # what trained on a GPU is proved wherever it lies now
    rows = int(module.model.get_input_embeddings().weight.shape[0])
    before = probe_logits(module.model, rows)
    dtypes = {parameter.dtype for parameter in module.model.parameters()}
    if isinstance(module, LoraTuning):
        module.save_adapter(directory / "adapter")
    model = module.merge()
    check_same(before, probe_logits(model, rows), what="merging the adapter", dtypes=dtypes, rounded=True)
    export_model(model, tokenizer, directory, dtype=dtype)
    check_directory(directory)
    exported = getattr(torch, dtype)
    written = probe_logits(model, rows)
    if not written.isfinite().all():  # how much is rounded grows with the layers; an overflow is no rounding
        raise UserError(f"model.dtype {dtype}: in it the trained model's logits are no numbers")
    check_same(written, reload_logits(directory, exported, rows), what="reloading", dtypes={exported})


def _save_end(trainer: Trainer) -> None:
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Checkpoints):
            callback.save_end(trainer)


def _take_best(trainer: Trainer, module: Tuning) -> None:
    """Bring back the best weights where a checkpoint callback watches a measure."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor and callback.best_model_path:
            log.info("best %s: %s", callback.monitor, callback.best_model_path)
            best = torch.load(callback.best_model_path, weights_only=True, map_location="cpu", mmap=True)
            trainer.strategy.load_model_state_dict(best, strict=module.strict_loading)


def _final_metrics(trainer: Trainer, module: Tuning, data: Any, name: str) -> dict[str, float]:
    if not data.held_out_rows or not trainer.limit_val_batches:
        return {}
    trainer.validate(module, datamodule=data, verbose=False)
    metrics = {k: float(v) for k, v in trainer.callback_metrics.items() if k.startswith("val/")}
    if not math.isfinite(metrics["val/loss"]):
        raise UserError(f"stages.{name}: val/loss is {metrics['val/loss']}; a lower stages.{name}.tuning.lr may help")
    return metrics


def _count(directory: Path) -> int:
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(directory)).num_parameters()
