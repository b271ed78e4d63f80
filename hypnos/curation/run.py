"""Runs filter.py: builds the steps of a resolved configuration, prices them, runs them and shows the funnel."""

import importlib
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from hypnos.artefacts.config_check import bind_targets
from hypnos.artefacts.upload import check_target
from hypnos.artefacts.value_check import check_table
from hypnos.corpus.sources import SPECIFIC
from hypnos.curation.cost import estimate
from hypnos.curation.funnel import diversity_rows, funnel_table, score_table
from hypnos.curation.outcome import Outcome, publish, write_outcome
from hypnos.curation.pairs.outcome import PairSteps, pair_rows
from hypnos.curation.pairs.settings import check_pairs, pairing_of, second_steps
from hypnos.curation.pipeline.run_steps import KEPT, StepArtefact, artefact_of, check_order, run_steps
from hypnos.curation.pipeline.step import RecordRow, Step
from hypnos.curation.pushed_records import push_records
from hypnos.curation.review.pages import HANDED_OUT
from hypnos.curation.review.settings import read_review
from hypnos.curation.review.step import review_records
from hypnos.curation.score.cross_score import CrossScore
from hypnos.curation.score.rubric_fit import check_fit
from hypnos.curation.settings import KEYS
from hypnos.curation.similarity.mark_local import MarkLocal, holds_both
from hypnos.errors import Interrupted, UserError
from hypnos.report.tables.expected_costs import Expense, expense_table
from hypnos.report.tables.terminal import text_table
from hypnos.specialty.folder import Specialty, find_specialty, read_specialty
from hypnos.workers.processes import Processes
from hypnos.workers.ray_workers import RayWorkers
from hypnos.workers.workers import Workers

log = logging.getLogger(__name__)

Build = Callable[..., Any]
"""Makes an object from a config with a `_target_`; further arguments are handed to it."""

SHARED = ("specialty", "authors", "scorers", "client", "task_files")
"""What a step's constructor is given where it takes an argument of this name."""

ENGINES = (f"{RayWorkers.__module__}.{RayWorkers.__qualname__}",)
"""Who may work for steps in the place of processes."""


def run_filter(config: Mapping[str, Any], *, build: Build, output: Path) -> Outcome | None:
    """Run the chosen steps and show what came of them.

    Args:
        config: `conf/filter.yaml`, composed and resolved, as plain values.
        build: makes an object from a config with a `_target_`.
        output: folder of this run.

    Returns:
        Where the records are; None after a dry run.

    Raises:
        UserError: what is wrong with the configuration, the data, the budget or the keys.
        Interrupted: the user stopped it.
    """
    check_configuration(config)
    resources = Resources(config, build)
    try:
        with resources.workers() as workers:
            return _run(resources, output, workers)
    except KeyboardInterrupt as stop:
        raise Interrupted("stopped; the same command goes on, and what was answered is kept") from stop
    finally:
        resources.close()


def _run(resources: "Resources", output: Path, workers: Workers) -> Outcome | None:
    config = resources.config
    steps = resources.steps()
    check_order(steps)
    further = resources.second_steps()
    for step in steps:
        if isinstance(step, CrossScore):
            check_fit(resources.specialty, next((s.selection for s in steps if s.selection), None), probes=step.probes)
    finished: list[StepArtefact] = []
    priced = False
    while len(finished) < len(steps):
        step, before = steps[len(finished)], finished[-1] if finished else None
        if not priced and any(True for _ in step.planned(before.kept if before else ())):
            # The first step that asks a model: from here on, what exists is known and the rest is estimated.
            priced = True
            # Second answers are asked for when everything else is made; only `select` stands behind the scores.
            asking = steps[len(finished) : -1] + further if further else steps[len(finished) :]
            expenses = list(expect(asking, resources=resources, before=before))
            if expenses or config["dry_run"]:
                print(f"\n{expense_table(expenses)}\n", flush=True)
            if config["dry_run"]:
                return None
        finished += run_steps([step], artefacts=resources.artefacts, before=before, workers=workers)
        if step.name == "read" and holds_both(finished[-1].directory / KEPT):
            steps.insert(len(finished), MarkLocal())
    if config["dry_run"]:
        print("Nothing in these steps costs anything.")
        return None
    pairs = None
    if further:
        scored = finished[-2]
        seconds = run_steps(further, artefacts=resources.artefacts, before=scored, workers=workers)
        pairs = PairSteps(scored, list(seconds), pairing_of(config["preferences"], steps[-1]))
    sheets = None
    if config["review"]:
        sheets, reviewed = review_records(config["review"], finished[-1], artefacts=resources.artefacts)
        finished += reviewed
    outcome = write_outcome(
        finished,
        artefacts=resources.artefacts,
        output=output,
        specialty=resources.specialty,
        selection=steps[-1].selection,
        pairs=pairs,
        shards=config["shards"],
    )
    print(f"\n{funnel_table(outcome.funnel)}\n")
    for entry in outcome.funnel:
        if entry["notes"].get("diversity"):
            print(f"{text_table(*diversity_rows(entry['notes']))}\n")
        if entry["notes"].get("distribution"):
            print(f"{score_table(entry['notes'])}\n")
    if pairs:
        print(f"{funnel_table(outcome.pairs['funnel'])}\n\n{text_table(*pair_rows(outcome.pairs))}\n")
    print(f"kept:      {outcome.kept}\nrejected:  {outcome.rejected}\nfunnel:    {outcome.page}")
    has_scores = any(entry["notes"].get("distribution") for entry in outcome.funnel)
    stricter = " selection.threshold=8" if has_scores else ""
    print(f"train:     python train.py sources.{SPECIFIC}.path={outcome.records}{stricter}")
    if config["shards"]:
        print(f"shards:    {outcome.shards}")
    if pairs:
        print(f"pairs:     {outcome.preferences}")
        third = f"experiment=general_to_specific_to_preferred sources.preferences.path={outcome.preferences}"
        print(f"           python train.py {third} sources.{SPECIFIC}.path={outcome.records}")
    if sheets:
        print(f"review:    {sheets / HANDED_OUT} goes to the reviewers; then the same command and review.files=[...]")
    publish(config["publish"], outcome, build=resources.build)
    if config["push"]:
        push_records(outcome.directory, config["push"])
    return outcome


def cores() -> int:
    """Cores that this process may use: a container or a job of a cluster may have fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_configuration(config: Mapping[str, Any]) -> None:
    """Find a misspelt or missing key, and a value of a wrong type or range anywhere, before anything is made.

    Raises:
        UserError: naming the key.
    """
    check_table(config, KEYS)
    if not config["steps"]:
        raise UserError("steps: none chosen")
    for name in config["steps"]:
        if name not in config["step"]:
            raise UserError(f"steps: {name}: no such step (known: {', '.join(sorted(config['step']))})")
    parts = [*config["step"].values(), *([config["input"]] if config["input"] else [])]
    if config["push"]:
        check_target(config["push"], "push")
    if config["review"]:
        read_review(config["review"])
    if config["preferences"]:
        if config["review"] and config["review"]["files"]:
            raise UserError("preferences: pairs are made of records that nobody reviewed: leave out review.files")
        check_pairs(config)
        parts.append(config["preferences"]["second_answers"])
    targets = [part["_target_"] for part in parts if "_target_" in part]
    supplied = {target: shared_of(target) for target in targets}
    if config["engine"]:
        if (engine := config["engine"].get("_target_")) not in ENGINES:
            raise UserError("engine: works on no records; know engine=ray (for authors: llm@authors.first=vllm)")
        supplied[engine] = ("count",)
    ordered = dict(sorted(config.items(), key=lambda part: part[0] in ("step", "client")))  # they refer to others
    bind_targets(ordered, supplied=supplied)


def shared_of(target: str) -> tuple[str, ...]:
    """Names of the shared objects that a step's constructor takes."""
    module, _, name = target.rpartition(".")
    try:
        parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    except (ImportError, AttributeError, TypeError, ValueError):
        return ()  # the error is raised with more detail where targets are bound
    return tuple(name for name in SHARED if name in parameters)


class Resources:
    """Makes the objects that steps share, each when it is first wanted: no key is asked for where no model is."""

    def __init__(self, config: Mapping[str, Any], build: Build) -> None:
        self.config = config
        self.build = build
        self.artefacts = Path(config["paths"]["artefacts"])

    @cached_property
    def specialty(self) -> Specialty:
        return read_specialty(find_specialty(self.config["specialty"], Path(self.config["paths"]["root"])))

    @cached_property
    def authors(self) -> dict[str, Any]:
        return {name: self.build(part) for name, part in self.config["authors"].items()}

    @cached_property
    def scorers(self) -> dict[str, Any]:
        return {name: self.build(part) for name, part in self.config["scorers"].items()}

    @cached_property
    def client(self) -> Any:
        return self.build(self.config["client"])

    @cached_property
    def task_files(self) -> list[str]:
        """What evaluate.py would read with these `tasks`."""
        for name, task in self.config["tasks"].items():
            if not task["path"]:
                raise UserError(f"tasks.{name}.path: this set is not bundled; say where its file lies")
        return [str(task["path"]) for task in self.config["tasks"].values()]

    def workers(self) -> Workers:
        """Who works for the steps that ask no model."""
        engine, count = self.config["engine"], self.config["workers"]
        if not engine:
            return Processes(count or cores())
        return cast(Workers, self.build(engine, count=count))

    def close(self) -> None:
        """End what the client runs, if one was made."""
        if "client" in self.__dict__:
            self.client.close()

    def steps(self) -> list[Step]:
        """The chosen steps, after the step that reads the input if there is one."""
        parts = [self.config["input"]] if self.config["input"] else []
        return [self._step(part) for part in (*parts, *(self.config["step"][name] for name in self.config["steps"]))]

    def second_steps(self) -> list[Step]:
        """The steps that second answers pass; none where no pairs are wanted."""
        return [self._step(part) for part in second_steps(self.config)]

    def _step(self, part: Mapping[str, Any]) -> Step:
        shared = {resource: getattr(self, resource) for resource in shared_of(part["_target_"])}
        # Partial first: a builder may copy or convert what it is handed, and these are to be shared.
        return cast(Step, self.build({**part, "_partial_": True})(**shared))


def expect(steps: Sequence[Step], *, resources: Resources, before: StepArtefact | None) -> Iterator[Expense]:
    """Estimate what the steps that ask models will cost; those that are made already cost nothing.

    Rows that do not exist yet are stood in for by seeds: as many as the step before them is asked for.

    Args:
        steps: the first of them reads what `before` kept.
        resources: where artefacts and the journal are.
        before: the last step that has run, if any.
    """
    rows: Iterable[RecordRow] = before.kept if before else ()
    known = before
    for step in steps:
        if known is not None or step is steps[0]:
            artefact = artefact_of(step, artefacts=resources.artefacts, before=known)
            if artefact.directory.is_dir():
                known, rows = artefact, artefact.kept
                continue
            known = None
        for plan in step.planned(rows):
            if plan.tokens_out > plan.model.max_tokens:
                name, most = plan.model.name, plan.model.max_tokens
                log.warning("%s: about %d tokens a reply, and %s stops at %d", step.name, plan.tokens_out, name, most)
            yield estimate(plan, resources.client.journal)
        rows = step.stand_ins(rows)
