"""Trains one stage, from its parent's directory to its own."""

import logging
import math
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer, seed_everything
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.exceptions import SIGTERMException
from transformers import PreTrainedModel

from hypnos.errors import Interrupted, UserError
from hypnos.tuning.callbacks.checkpoints import CHECKPOINTS, Checkpoints, WholeFiles, newest_sound, steps_of
from hypnos.tuning.distributed.parts import read_rest
from hypnos.tuning.distributed.ranks import is_first_rank, started_ranks
from hypnos.tuning.distributed.sharding import Sharded, build_trainer, gather
from hypnos.tuning.distributed.watchdog import watched
from hypnos.tuning.export import describe_stage, export_model
from hypnos.tuning.handoff import check_directory, check_merged, check_parent, check_same, probe_logits, reload_logits
from hypnos.tuning.job import VERSION, Build, StageJob, counted
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.module import Tuning
from hypnos.tuning.tracking.tracking import Tracking

log = logging.getLogger(__name__)


def train_stage(job: StageJob, folder: Path, *, build: Build, tracking: Tracking) -> None:
    """Train a stage in a folder and fill the folder with the result.

    Checkpoints lie in the folder until the stage is exported; a stage that was stopped goes on from the last.

    Args:
        job: what the stage is made from.
        folder: to fill; may hold checkpoints of an earlier try.
        build: makes objects from the job's settings.
        tracking: the stage's loggers, begun.

    Raises:
        UserError: the parts do not fit, or the loss is not a number.
        Interrupted: training was stopped; its checkpoints are kept.
    """
    started = time.monotonic()
    check_parent(job.parent, key=job.parent_key, tokenizer=job.tokenizer)
    seed_everything(job.seed, verbose=False)
    newest = newest_sound(folder / CHECKPOINTS, job.key)
    data = build(job.settings["data"]).with_tokenizer(job.tokenizer, steps_done=steps_of(newest) if newest else 0)
    module: Tuning = build(job.settings["tuning"])
    module.attach(job, folder=folder, tracking=tracking)
    trainer = _make_trainer(job, folder, build, loggers=tracking.loggers, rows_per_step=data.rows_per_step)
    module.objective.prepare(job, data, module, precision=str(trainer.precision))
    module.load(job.parent, empty=isinstance(trainer.strategy, Sharded) and not is_first_rank())
    trained = sum(p.numel() for p in module.model.parameters() if p.requires_grad)
    metrics = _fit(job, trainer, module, data, newest)
    # The optimizer's moments would otherwise lie in memory beside the merged and the reloaded model, or on other
    # ranks beside the next stage's.
    trainer.strategy.optimizers = []
    module.zero_grad(set_to_none=True)
    if not trainer.is_global_zero:
        return
    _export(module, folder, job.parent, job.tokenizer, job.dtype)
    describe_stage(
        folder,
        {
            "name": job.name,
            "key": job.key,
            "version": VERSION,
            "base": job.base,
            "parents": dict(job.lineage),
            "settings": counted(job.settings) | {"data": data.key()},
            "seed": job.seed,
            "steps": trainer.global_step,
            "seconds": time.monotonic() - started,
            "device": device_name(trainer),
            "processes": trainer.world_size,
            "metrics": metrics,
            "parameters": {"all": _count(folder), "trained": trained},
            "left_out": {name: source.get("left_out", {}) for name, source in data.report()["sources"].items()},
        },
    )


def _make_trainer(job: StageJob, folder: Path, build: Build, *, loggers: list[Logger], rows_per_step: int) -> Trainer:
    trainer = build_trainer(build, job.settings, logger=loggers, default_root_dir=str(job.output))
    if (started := started_ranks()) > trainer.world_size:
        raise UserError(
            f"stages.{job.name}.trainer: {started} processes were started, and devices x num_nodes is "
            f"{trainer.world_size}: each would train the whole stage (a later stage needs as many as an earlier one, "
            "or a run of its own)"
        )
    trainer.strategy.checkpoint_io = WholeFiles()
    trainer.accumulate_grad_batches = -(-rows_per_step // trainer.world_size)
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint):  # Lightning's own looks for its folder before it knows the module
            callback.dirpath = str(folder / CHECKPOINTS)
    return trainer


def _fit(job: StageJob, trainer: Trainer, module: Tuning, data: Any, newest: Path | None) -> dict[str, float]:
    """Train from the newest checkpoint on, and measure what is exported: the last weights, or the best.

    Returns:
        The measures on held-out text, by their names in the loggers.
    """
    try:
        with watched(trainer):
            trainer.fit(module, datamodule=data, ckpt_path=newest, weights_only=True)
            if trainer.interrupted:
                raise _stopped(job.name, trainer)
            _save_end(trainer)
            _take_best(trainer, module)
            metrics = _final_metrics(trainer, module, data, job.name)
            if isinstance(trainer.strategy, Sharded):
                gather(module, job.parent, first=trainer.is_global_zero)
    except SIGTERMException as error:  # a scheduler took the machine back
        raise _stopped(job.name, trainer) from error
    return metrics


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
    module.restore_attention()  # what trained on a GPU is proved wherever it lies now
    rows = int(module.model.get_input_embeddings().weight.shape[0])
    if isinstance(module, LoraTuning):
        module.save_adapter(directory / "adapter")
        model = _merge(module, rows)
    else:
        model = module.merge()
    export_model(model, tokenizer, directory, dtype=dtype)
    check_directory(directory)
    exported = getattr(torch, dtype)
    written = probe_logits(model, rows)
    if not written.isfinite().all():  # how much is rounded grows with the layers; an overflow is no rounding
        raise UserError(f"model.dtype {dtype}: in it the trained model's logits are no numbers")
    check_same(written, reload_logits(directory, exported, rows), what="reloading", dtypes={exported})


def _merge(module: LoraTuning, rows: int) -> PreTrainedModel:
    """Merge the adapter, and prove on a probe that what it changes is in the merged model."""
    dtypes = {parameter.dtype for parameter in module.model.parameters()}
    adapted = probe_logits(module.model, rows)
    with module.without_adapter():
        base = probe_logits(module.model, rows)
    model = module.merge()
    check_merged(base, adapted, probe_logits(model, rows), dtypes=dtypes)
    return model


def _save_end(trainer: Trainer) -> None:
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, Checkpoints):
            callback.save_end(trainer)


def _take_best(trainer: Trainer, module: Tuning) -> None:
    """Bring back the best weights where a checkpoint callback watches a measure."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor and callback.best_model_path:
            log.info("best %s: %s", callback.monitor, callback.best_model_path)
            file = Path(callback.best_model_path)
            whole = partial(torch.load, file, weights_only=True, map_location="cpu", mmap=True)
            best = read_rest(file) if file.is_dir() else whole()
            trainer.strategy.load_model_state_dict(best, strict=module.strict_loading)


def _final_metrics(trainer: Trainer, module: Tuning, data: Any, name: str) -> dict[str, float]:
    if not data.held_out_rows or not trainer.limit_val_batches:
        return {}
    trainer.validate(module, datamodule=data, verbose=False)
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
    if not math.isfinite(metrics["val/loss"]):
        raise UserError(f"stages.{name}: val/loss is {metrics['val/loss']}; a lower stages.{name}.tuning.lr may help")
    return metrics


def _count(directory: Path) -> int:
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(directory)).num_parameters()
