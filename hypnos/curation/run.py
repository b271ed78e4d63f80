"""From a resolved configuration to kept and rejected records, a funnel and a table."""

import importlib
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from hypnos.artefacts.config_check import bind_targets, check_keys
from hypnos.corpus.sources import SPECIFIC
from hypnos.curation.cost import Expense, estimate, expense_table
from hypnos.curation.funnel import funnel_table, score_table
from hypnos.curation.outcome import Outcome, publish, write_outcome
from hypnos.curation.pipeline import Made, Row, Step, check_order, run_steps, where
from hypnos.errors import Interrupted, UserError
from hypnos.specialty.folder import Specialty, find_specialty, read_specialty

log = logging.getLogger(__name__)

Build = Callable[..., Any]
"""Makes an object from a config with a `_target_`; further arguments are handed to it."""

KEYS = {
    *("seed", "paths", "specialty", "authors", "client", "budget", "source", "steps", "step", "selection"),
    *("publish", "dry_run", "sweep_name"),
}
SHARED = ("specialty", "authors", "client")
"""What a step's constructor is given where it takes an argument of this name."""


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
    house = House(config, build)
    try:
        return _run(house, output)
    except KeyboardInterrupt as stop:
        raise Interrupted("stopped; the same command goes on, and what was answered is kept") from stop
    finally:
        house.close()


def _run(house: "House", output: Path) -> Outcome | None:
    config = house.config
    steps = house.steps()
    check_order(steps)
    made: list[Made] = []
    told = False
    for step in steps:
        before = made[-1] if made else None
        if not told and hasattr(step, "planned"):
            told = True
            expenses = list(expect(steps[len(made) :], house=house, before=before))
            if expenses or config["dry_run"]:
                print(f"\n{expense_table(expenses)}\n", flush=True)
            if config["dry_run"]:
                return None
        made += run_steps([step], artefacts=house.artefacts, before=before)
    if config["dry_run"]:
        print("Nothing in these steps costs anything.")
        return None
    selection = getattr(steps[-1], "selection", None)
    outcome = write_outcome(
        made, artefacts=house.artefacts, output=output, specialty=house.specialty.name, selection=selection
    )
    print(f"\n{funnel_table(outcome.funnel)}\n")
    for entry in outcome.funnel:
        if entry["notes"].get("distribution"):
            print(f"{score_table(entry['notes'])}\n")
    print(f"kept:      {outcome.kept}\nrejected:  {outcome.rejected}\nfunnel:    {outcome.page}")
    scored = any(entry["notes"].get("distribution") for entry in outcome.funnel)
    stricter = " selection.threshold=8" if scored else ""
    print(f"train:     python train.py sources.{SPECIFIC}.path={outcome.records}{stricter}")
    publish(config["publish"], outcome, build=house.build)
    return outcome


def check_configuration(config: Mapping[str, Any]) -> None:
    """Find a misspelt or missing key anywhere, before anything is made.

    Raises:
        UserError: naming the key.
    """
    check_keys(config, KEYS)
    if not config["steps"]:
        raise UserError("steps: none chosen")
    for name in config["steps"]:
        if name not in config["step"]:
            raise UserError(f"steps: {name}: no such step (known: {', '.join(sorted(config['step']))})")
    targets = [part["_target_"] for part in config["step"].values() if "_target_" in part]
    bind_targets(dict(config), supplied={target: shared_of(target) for target in targets})


def shared_of(target: str) -> tuple[str, ...]:
    """Which of the shared objects a step's constructor takes."""
    module, _, name = target.rpartition(".")
    try:
        taken = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    except (ImportError, AttributeError, TypeError, ValueError):
        return ()  # said better where targets are bound
    return tuple(name for name in SHARED if name in taken)


class House:
    """The objects that steps share, each made when it is first wanted: no key is asked for where no model is."""

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
    def client(self) -> Any:
        return self.build(self.config["client"])

    def close(self) -> None:
        """End what the client runs, if one was made."""
        if "client" in self.__dict__:
            self.client.close()

    def steps(self) -> list[Step]:
        """The chosen steps, after the step that reads the source if there is one."""
        steps = [self.build(self.config["source"])] if self.config["source"] else []
        for name in self.config["steps"]:
            part = self.config["step"][name]
            given = {shared: getattr(self, shared) for shared in shared_of(part["_target_"])}
            # Partial first: a builder may copy or convert what it is handed, and these are to be shared.
            steps.append(self.build({**part, "_partial_": True})(**given))
        return steps


def expect(steps: Sequence[Any], *, house: House, before: Made | None) -> Iterator[Expense]:
    """What the steps that ask models will cost; those that are made already cost nothing.

    Rows that do not exist yet are stood in for by seeds: as many as the step before them is asked for.
    """
    rows: Any = before.kept if before else ()
    known = before
    for step in steps:
        if known is not None or step is steps[0]:
            made = where(step, artefacts=house.artefacts, before=known)
            if made.directory.is_dir():
                known, rows = made, made.kept
                continue
            known = None
        if hasattr(step, "planned"):
            for plan in step.planned(rows):
                if plan.tokens_out > plan.model.max_tokens:
                    name, most = plan.model.name, plan.model.max_tokens
                    log.warning(
                        "%s: about %d tokens a reply, and %s stops at %d", step.name, plan.tokens_out, name, most
                    )
                yield estimate(plan, house.client.journal)
            if hasattr(step, "records") or hasattr(step, "per_passage"):
                rows = stand_ins(step, rows)


def stand_ins(step: Any, rows: Any) -> "StandIns":
    """Rows like those that a step is going to write."""
    authors = [model.name for model in step.authors.values()]
    seeds = [
        {"id": seed.id, "instruction": seed.instruction, "input": seed.input, "output": seed.output}
        for seed in step.specialty.seeds
    ]
    count = step.records if hasattr(step, "records") else sum(1 for _ in rows) * getattr(step, "per_passage", 1)
    return StandIns(seeds, authors, count)


class StandIns:
    """Seeds over and over, by each author in turn; read afresh by each loop."""

    def __init__(self, seeds: Sequence[Row], authors: Sequence[str], count: int) -> None:
        self.seeds = seeds
        self.authors = authors
        self.count = count

    def __iter__(self) -> Iterator[Row]:
        for at in range(self.count):
            yield {**self.seeds[at % len(self.seeds)], "author": self.authors[at % len(self.authors)]}
