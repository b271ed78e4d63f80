"""Chooses the rate of each stage on the development part, and writes `settings/rates.yaml`."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bench.evidence.arms import (
    BETTER,
    BETTER_ALONE,
    ORDER,
    ORDERS,
    OWN,
    PREFERENCE,
    PREFERRED,
    RATED,
    Trained,
    pairs_of,
    unmeasured,
)
from bench.evidence.files import DEVELOPMENT
from bench.evidence.settings import FOLDER, read_settings
from bench.evidence.trained import read_runs
from bench.evidence.values import GENERAL, SPECIFIC, Read, bits, preference_loss
from bench.study.claims import Claim, Overrides
from hypnos.errors import UserError

log = logging.getLogger(__name__)

FILE = FOLDER / "rates.yaml"

HEAD = """\
# Rates of the stages by base and by what is trained, of several stages the last one's: those that were best on the
# development part. Written by `python -m bench.evidence --rates`, before what is measured was looked at.
"""

JUDGED: Mapping[str, Read] = {"preferred": preference_loss, "better_alone": bits(BETTER)} | {
    name: bits(GENERAL) for name in ("general_only", "own_vocabulary")
}
"""What shall be low where the rate is right; of the others bits of the specialty."""


def rounds(wanted: Collection[str]) -> Iterator[list[str]]:
    """Names of rates with those that must be known first: first those, then the others."""
    needed = set(wanted) | {other for name in wanted for other in RATED[name].before.values()}
    for first in (True, False):
        if names := [name for name in RATED if name in needed and first is not bool(RATED[name].before)]:
            yield names


def rates_claim(setting: Trained, name: str) -> Claim:
    """Every rate, under the chosen rates of the stages before: a sweep of its own, as held-out sets differ."""
    _, _, stage, _ = RATED[name].knob.split(".")  # model.recipe.<stage>.lr
    rates = [f"{rate:g}" for rate in setting.numbers["rates"][stage]]
    first = tuple(f"{knob}={setting.rates[of]:g}" for knob, of in RATED[name].before.items())
    return Claim(
        name=f"rates-{name}",
        title=f"Rates of {name}",
        shared=("benchmark=false", f"sources.general.path={setting.files}/{DEVELOPMENT}-general.jsonl", *first),
        turns=((*_trained(setting, name), f"{RATED[name].knob}={','.join(rates)}"),),
        arms={rate: (f"{RATED[name].knob}={rate}",) for rate in rates},
    )


def _trained(setting: Trained, name: str) -> Overrides:
    """What is trained, on the development part."""
    pairs = (*pairs_of(setting, f"{DEVELOPMENT}-pairs.jsonl"), *PREFERENCE)
    if name == "preferred":
        return (*PREFERRED, *pairs)
    if name == "better_alone":
        return (*BETTER_ALONE, *pairs)
    specialty = f"sources.anesthesia.path={setting.files}/{DEVELOPMENT}-specialty.jsonl"
    if name == "own_vocabulary":
        return ("experiment=general_only", specialty, *unmeasured("general"), *OWN)
    return (f"experiment={name}", specialty, *unmeasured(*ORDERS[name]), *ORDER)


def read_rates(size: str) -> Mapping[str, float]:
    """The chosen rates of a base, by name."""
    return read_settings("rates").get(size, {}) if FILE.is_file() else {}


def choose_rates(
    setting: Trained, names: Collection[str], train: Callable[[Sequence[Claim], Trained], bool], file: Path = FILE
) -> Mapping[str, float]:
    """Train with every rate, and write down the best ones.

    Args:
        setting: of the base.
        names: whose rates; those they rest on are chosen too.
        train: trains the arms of claims that are not finished, and tells whether all succeeded.
        file: where they are written.

    Returns:
        All chosen rates of the base.

    Raises:
        UserError: a run is missing, or every one of a stage failed.
    """
    setting = replace(setting, seeds=setting.seeds[:1])
    for names_now in rounds(names):
        tried = {name: rates_claim(setting, name) for name in names_now}
        train(list(tried.values()), setting)
        chosen = {name: _best(name, claim, setting) for name, claim in tried.items()}
        known: dict[str, Any] = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
        setting = replace(setting, rates={**setting.rates, **chosen})
        file.write_text(
            HEAD + yaml.safe_dump(known | {setting.size: dict(setting.rates)}, sort_keys=False), "utf-8", newline="\n"
        )
    return setting.rates


def _best(name: str, claim: Claim, setting: Trained) -> float:
    """The rate with the lowest value; one whose run failed, as training diverged, was tried and is not the best."""
    read = JUDGED.get(name, bits(SPECIFIC))
    finished, failed = (read_runs(claim, setting, state) for state in ("finished", "failed"))
    by_rate = {}
    for rate in claim.arms:
        if rate in finished:
            units = [unit for run in finished[rate].values() for unit in read(run).values()]
            by_rate[float(rate)] = sum(unit.value for unit in units) / sum(unit.weight for unit in units)
        elif rate in failed:
            error = "; ".join(run.error for run in failed[rate].values())
            log.warning("%s: %s failed (%s); it counts as tried, and is not the best", name, rate, error)
        else:
            raise UserError(f"--rates: {name} at {rate} is not finished")
    if not by_rate:
        raise UserError(f"--rates: {name} failed at every rate")
    best = min(by_rate, key=lambda rate: by_rate[rate])
    log.warning("%s: %s", name, ", ".join(f"{rate:g} {value:.3f}" for rate, value in by_rate.items()))
    tried = [*map(float, claim.arms)]
    if best in (min(tried), max(tried)):
        log.warning("%s: %g is the best, at the edge of what was tried", name, best)
    return best
