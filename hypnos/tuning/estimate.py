"""Estimates what every stage of a run would take, without its weights: `python train.py estimate=true`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from transformers import PretrainedConfig

from hypnos.errors import UserError
from hypnos.report.tables.terminal import text_table
from hypnos.tuning.distributed.sharding import GATHERED, Sharded, build_trainer
from hypnos.tuning.memory import Memory, measure_row
from hypnos.tuning.stages import Run

PRECISIONS = ("32-true", "bf16-mixed")
"""Shown beside the one that is configured."""

LOSS_SHARE = 2 / 3
"""Share of tokens in the loss mask where no data can be prepared."""

NOTE = """Bytes are those of tensors on one device. A GPU adds its context, 0.5 to 1 GiB, and what its allocator rounds
up. A process on a CPU keeps memory that was freed: in all 1.2 to 2 times the sum, for models of a few million
weights; with MALLOC_MMAP_THRESHOLD_=131072 in its environment it gives that back, for a tenth more time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a stage reads over all its epochs, on all devices.

    Attributes:
        devices: that share a step.
        sharded: whether they share weights, gradients and the optimizer's state too.
        row_length: tokens of a row at most.
        rows_per_step: over all devices.
        steps: of the optimizer.
        tokens: of all steps.
        loss_share: share of the tokens that are in the loss mask, and so have logits.
        squares: sum of squared document lengths, in which attention's arithmetic grows.
        assumed: why numbers are assumed, if they are.
    """

    devices: int
    sharded: bool
    row_length: int
    rows_per_step: int
    steps: int
    tokens: int
    loss_share: float
    squares: float
    assumed: str = ""


def describe_run(run: Run, *, rate: float | None) -> str:
    """A table for every stage; the vocabulary and the tokenised data are made if they are not there.

    Args:
        run: of which only what is cheap is built.
        rate: operations per second a device keeps up, in 10^12; None leaves times out.

    Raises:
        UserError: the rate is not above 0, or the base has no config.
    """
    if rate is not None and rate <= 0:
        raise UserError(f"estimate_rate {rate} must be above 0")
    assumed, prepared = "", None
    try:
        prepared = run.prepare()
    except UserError as error:  # a config alone is enough for all but the number of steps
        assumed = str(error)
    config = run.vocabulary.read_config(run.model["path"], prepared.tokenizer if prepared else None)
    data = prepared.data if prepared else run.data
    parts = [_describe_stage(run, name, data[name], config, assumed, rate) for name in run.stages]
    return "\n\n".join(["", *parts, NOTE])


def _describe_stage(run: Run, name: str, data: Any, config: PretrainedConfig, assumed: str, rate: float | None) -> str:
    settings = run.stages[name]
    trainer = build_trainer(run.build, settings, logger=False, default_root_dir=str(run.output))
    work = read_work(data, trainer, assumed=assumed)
    precision = str(settings["trainer"]["precision"])
    checkpointing = bool(settings["tuning"]["activation_checkpointing"])
    memory = {
        (kind, recompute): row_of(run.build, settings["tuning"], config, work, precision=kind, recompute=recompute)
        for kind in dict.fromkeys([precision, *PRECISIONS])
        for recompute in (checkpointing, not checkpointing)
    }
    own = memory[precision, checkpointing]
    flops = total_flops(own, work, config, recompute=checkpointing)
    lines = [
        f"stage {name}: {settings['tuning']['_target_'].rpartition('.')[2]}",
        f"parameters: {own.parameters:,}; trained: {own.trained:,}",
        f"data: {work.tokens:,} tokens, {100 * work.loss_share:.0f} % learnt, in {work.steps:,} steps of at most "
        f"{work.rows_per_step} x {work.row_length:,} tokens on {work.devices} device(s)",
    ]
    if work.assumed:
        lines.append(
            f"assumed: full rows, {100 * LOSS_SHARE:.0f} % learnt, one step; the data cannot be read: {assumed}"
        )
    time = f"; {_time(flops / (rate * 1e12 * work.devices))} at {rate:g} TFLOP/s a device" if rate else ""
    lines.append(f"arithmetic: {_scaled(flops)}FLOP, {_scaled(flops / max(work.tokens, 1))}FLOP a token{time}")
    return "\n".join([*lines, "", _table(memory, work, own=(precision, checkpointing))])


def read_work(data: Any, trainer: Any, *, assumed: str = "") -> Work:
    """Count tokens and steps, from prepared data unless numbers must be assumed."""
    rows, length = data.rows_per_step, data.row_length
    if assumed:
        full = {"steps": 1, "tokens": rows * length, "squares": rows * length**2}
        full["loss_tokens"] = rows * length * LOSS_SHARE
        return _work(data, trainer, full, steps=1, assumed=assumed)
    volume = data.volume()
    epochs = trainer.max_epochs if trainer.max_epochs is not None and trainer.max_epochs >= 0 else float("inf")
    steps = min(epochs * volume["steps"], trainer.max_steps if trainer.max_steps >= 0 else float("inf"))
    if steps == float("inf"):
        raise UserError("trainer: neither max_epochs nor max_steps ends the stage")
    return _work(data, trainer, volume, steps=int(steps), assumed="")


def _work(data: Any, trainer: Any, volume: Mapping[str, float], *, steps: int, assumed: str) -> Work:
    passes = steps / max(volume["steps"], 1)
    return Work(
        devices=trainer.world_size,
        sharded=isinstance(trainer.strategy, Sharded),
        row_length=data.row_length,
        rows_per_step=data.rows_per_step,
        steps=steps,
        tokens=round(passes * volume["tokens"]),
        loss_share=volume["loss_tokens"] / max(volume["tokens"], 1),
        squares=passes * volume["squares"],
        assumed=assumed,
    )


def row_of(
    build: Any, tuning: Mapping[str, Any], config: PretrainedConfig, work: Work, *, precision: str, recompute: bool
) -> Memory:
    """What a full row takes under a precision, with or without activation checkpointing."""
    module = build({**tuning, "activation_checkpointing": recompute})
    loss_tokens = round(work.row_length * work.loss_share)
    measured = partial(
        measure_row, module, config, precision=precision, tokens=work.row_length, loss_tokens=loss_tokens
    )
    row = measured()
    at_work = GATHERED.get(precision) if work.sharded else None
    if at_work is None:
        return row
    # No layer keeps a copy in half precision: it is gathered in it, and freed after its turn.
    passing = measured(layers_dtype=at_work)
    names = ("activations", "logits", "backward", "gathered")
    return replace(row, **{name: getattr(passing, name) for name in names})


def total_flops(row: Memory, work: Work, config: PretrainedConfig, *, recompute: bool) -> float:
    """Arithmetic of a stage: matrix products as traced, and causal attention within each document."""
    heads = config.num_attention_heads
    width = heads * (getattr(config, "head_dim", None) or config.hidden_size // heads)
    # Half of two products of n x n x width forward, twice that backward.
    attention = (8 if recompute else 6) * width * config.num_hidden_layers * work.squares
    return row.flops * work.tokens / work.row_length + attention


def _table(memory: Mapping[tuple[str, bool], Memory], work: Work, *, own: tuple[str, bool]) -> str:
    head = ["precision, activations", "weights", "gradients", "optimizer", "activations", "logits", "backward"]
    rows = []
    for (precision, recompute), row in memory.items():
        mark = " *" if (precision, recompute) == own else ""
        standing, passing = [row.weights, row.gradients, row.optimizer], [row.activations, row.logits, row.backward]
        shared = []
        if work.sharded:
            standing = [size // work.devices for size in standing]
            shared = [row.gathered]
        elif work.devices > 1:
            shared = [row.gradients]  # buckets in which gradients are averaged
        parts = [*standing, *passing, *shared]
        label = f"{precision}, {'recomputed' if recompute else 'kept'}{mark}"
        rows.append([label, *map(_size, parts), _size(sum(parts))])
    if work.sharded:
        head.append("gathered")
    elif work.devices > 1:
        head.append("ddp")
    return text_table([*head, "sum"], rows) + "\n* as configured"


def _size(count: float) -> str:
    return f"{count / 2**30:,.2f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"


def _scaled(count: float) -> str:
    for unit in ("", "k", "M", "G", "T", "P", "E"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.0f} Z"


def _time(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.3g} seconds"
