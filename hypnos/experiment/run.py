"""Turns a resolved configuration into trained stages, and prints what each model achieves."""

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from transformers.utils.logging import disable_progress_bar

from hypnos.artefacts.config_check import bind_targets
from hypnos.artefacts.upload import check_target
from hypnos.artefacts.value_check import check_table
from hypnos.errors import Pruned, one_line
from hypnos.experiment.benchmark_run import choose_benchmark_run
from hypnos.experiment.library_settings import LIBRARIES
from hypnos.experiment.objective import read_objective
from hypnos.experiment.outcome import clear_outcome, is_finished, objective_value, write_outcome, write_pruned
from hypnos.experiment.pushed_stage import push_stage
from hypnos.experiment.settings import KEYS, STAGE
from hypnos.report.tables.terminal import text_table
from hypnos.tuning.distributed.ranks import forget_ranks, is_first_rank
from hypnos.tuning.distributed.watchdog import end_ranks
from hypnos.tuning.estimate import describe_run
from hypnos.tuning.job import Build
from hypnos.tuning.stages import Result, Run

log = logging.getLogger(__name__)

SUPPLIED = {
    "pytorch_lightning.Trainer": ("logger", "default_root_dir"),
    "pytorch_lightning.loggers.CSVLogger": ("name",),
    "pytorch_lightning.loggers.TensorBoardLogger": ("name",),
    "torch.optim.AdamW": ("params",),
}
"""Arguments the stages add when they build an object."""


def check_configuration(config: Mapping[str, Any]) -> None:
    """Find a misspelt or missing key, and a value of a wrong type or range anywhere, before anything is made.

    Raises:
        UserError: naming the key.
    """
    check_table(config, KEYS)
    if config["push"]:
        check_target(config["push"], "push")
    for name, stage in config["stages"].items():
        check_table(stage, STAGE, f"stages.{name}")
    # What others refer to comes first: a mistake is named where it was made.
    ordered = dict(sorted(config.items(), key=lambda part: part[0] in ("stages", "heldout", "vocabulary")))
    bind_targets(ordered, supplied=SUPPLIED, libraries=LIBRARIES)


def make_run(config: Mapping[str, Any], *, build: Build, output: Path) -> Run:
    """Check a configuration and build what it describes; nothing is made yet.

    Raises:
        UserError: see `check_configuration` and `Run`.
    """
    check_configuration(config)
    stages = _without_device(config["stages"]) if config["estimate"] else config["stages"]
    artefacts = Path(config["paths"]["artefacts"])
    return Run({**config, "stages": stages}, build=build, artefacts=artefacts, output=output)


def run_experiment(config: Mapping[str, Any], *, build: Build, output: Path, sweeping: bool = False) -> float | None:
    """Run every stage of an experiment and print what each model achieves, unless its folder holds that already.

    Args:
        config: `conf/train.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.
        output: folder of this run's logs.
        sweeping: it is a job of a multirun: its last model answers the benchmark where that is not said otherwise.

    Returns:
        The number that a search looks for.

    Raises:
        UserError: see `make_run`.
    """
    check_configuration(config)
    with one_line(reraise=False) if sweeping else nullcontext():  # asked of one arm is asked of all: the first ends it
        benchmark = choose_benchmark_run(config, build=build, sweeping=sweeping)
    _quieten()
    end_ranks()
    forget_ranks()
    run = make_run(config, build=build, output=output)
    objective = read_objective(config["objective"])
    if config["estimate"]:
        print(describe_run(run, rate=config["estimate_rate"]))
        return None
    if config["prepare_only"]:
        run.prepare()
        return None
    if is_finished(output, run, benchmark.key() if benchmark else None, config["push"]):
        log.info("finished before: %s", output)
        return objective_value(output, objective)
    if is_first_rank():
        clear_outcome(output)
    try:
        results = run.train()
    except Pruned as pruned:
        if is_first_rank():
            write_pruned(output, pruned)
        return pruned.value
    if not is_first_rank():
        return None
    last = results[-1].directory
    if benchmark is not None and last is not None:
        benchmark.answer(last, output)
    print(table_of_results(results))
    if config["push"] and last is not None:
        # An arm of a sweep has a repository of its own, named by the key of what it trained.
        push_stage(last, config["push"] + (f"-{last.name.rpartition('-')[2]}" if sweeping else ""))
    write_outcome(output, run, results, pushed=config["push"])  # at the end: what is not pushed is not finished
    return objective_value(output, objective)


def _without_device(stages: Mapping[str, Any]) -> dict[str, Any]:
    """Let trainers be built that name a device this machine lacks: an estimate runs on none."""
    return {name: {**stage, "trainer": {**stage["trainer"], "accelerator": "cpu"}} for name, stage in stages.items()}


def _quieten() -> None:
    """Leave what a user of this run can act on; the libraries set their own levels when they are imported."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    if not sys.stderr.isatty():
        disable_progress_bar()


def table_of_results(results: Sequence[Result]) -> str:
    """A table for the terminal: what each model achieves on each held-out set, and where the last one lies."""
    sets = list(results[0].measures)
    head = ["model", *(f"{name}: {column}" for name in sets for column in ("tokens/char", "loss", "bits/char"))]
    rows = []
    for result in results:
        cells = [result.name if result.name != "vocabulary" else "base + vocabulary"]
        for name in sets:
            measures = result.measures[name]
            shown = ("tokens_per_char", "loss", "bits_per_char")
            cells += [f"{measures[measure]:.3f}" if measures["tokens"] else "-" for measure in shown]
        rows.append(cells)
    title = "Held-out answers (loss in nats per token; bits per character compares across vocabularies)"
    remarks = "".join(f"\n\n{remark}" for remark in _unlike_text(results, sets))
    return f"\n{title}\n\n{text_table(head, rows)}{remarks}\n\nmodel: {results[-1].directory}"


def _unlike_text(results: Sequence[Result], sets: Sequence[str]) -> Iterator[str]:
    """Say of which sets the models did not all read the same: each row is right by itself alone."""
    for name in sets:
        read = {result.name: result.measures[name].get("characters") for result in results}
        if len(set(read.values())) > 1:
            counts = ", ".join(f"{model} {count:,.0f}" for model, count in read.items() if count is not None)
            yield f"{name}: not the same text for all, as max_length cuts it by vocabulary; characters read: {counts}"
