"""The arms of a sweep, as their folders tell it."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypnos.errors import UserError
from hypnos.experiment.arm_names import counts, name_arm, shorten
from hypnos.experiment.failures import FAILED

SWEEPS = "sweeps"

Values = Mapping[str, Mapping[str, float]]
"""By model of the run and by record, bits."""

Planned = Callable[[Path], Sequence[Sequence[str]]]
"""Tells of a sweep's folder what each of its arms was asked for, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutText:
    """A held-out set: of each record its group and its characters, and the bits each model of the run needs."""

    groups: Mapping[str, str]
    characters: Mapping[str, int]
    bits: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One run of a sweep.

    Attributes:
        folder: of the run.
        label: what tells it from the other arms, but for its seed.
        seed: as it was asked for.
        overrides: all that was asked for.
        state: `unfinished` ones were stopped, or are running; one that is `not started` has no folder yet.
        error: of a failed one.
        models: names in the order of training, from `base` on.
        measures: by model and held-out set.
        stages: what `arm.json` says of each stage.
        heldout: by set, the key of its text.
        texts: by set, what was measured record by record.
    """

    folder: Path
    label: str
    seed: str
    overrides: tuple[str, ...]
    state: Literal["finished", "failed", "unfinished", "not started"]
    error: str = ""
    models: tuple[str, ...] = ()
    measures: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    stages: tuple[Mapping[str, Any], ...] = ()
    heldout: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, HeldOutText] = field(default_factory=dict)

    @property
    def last(self) -> str:
        """The model the arm ends with."""
        return self.models[-1]

    def asked(self, key: str) -> str | None:
        """The value of an override, or None."""
        found = [value for name, _, value in (one.partition("=") for one in self.overrides) if name.lstrip("+") == key]
        return found[-1] if found else None


def find_sweep(name: str, outputs: Path) -> Path:
    """The folder of a sweep, from its path or its name.

    Raises:
        UserError: there is no such sweep, or the folder holds none.
    """
    known = outputs / SWEEPS
    for folder in (Path(name), known / name):
        if folder.is_dir():
            if not list(_folders(folder)):
                raise UserError(f"sweep: {folder} holds no sweep (train.py -m leaves a folder for each arm there)")
            return folder
    names = sorted(place.name for place in known.glob("*") if place.is_dir())
    raise UserError(f"sweep: no sweep {name!r} (below {known}: {', '.join(names) or 'none'})")


def read_arms(sweep: Path, planned: Sequence[Sequence[str]] = ()) -> list[Arm]:
    """Every arm of a sweep in the order in which it was started, and those that have yet to start.

    Args:
        sweep: its folder.
        planned: all that was asked for of each arm.

    Raises:
        UserError: two arms were measured on different text.
    """
    folders = sorted(_folders(sweep), key=lambda folder: (_number(folder), folder.name))
    asked = {folder: _overrides(folder) for folder in folders}
    missing = {sweep / name_arm(overrides): tuple(filter(counts, overrides)) for overrides in planned}
    asked |= {folder: overrides for folder, overrides in missing.items() if folder not in asked}
    common = set.intersection(*(set(overrides) for overrides in asked.values()))
    arms = [_read(folder, overrides, common) for folder, overrides in asked.items()]
    _check_same_text([arm for arm in arms if arm.state == "finished"])
    return arms


def by_label(arms: Sequence[Arm]) -> dict[str, list[Arm]]:
    """Arms that differ in nothing but their seed, in the order of the first of them."""
    found: dict[str, list[Arm]] = defaultdict(list)
    for arm in arms:
        found[arm.label].append(arm)
    return dict(found)


def _folders(sweep: Path) -> Iterator[Path]:
    return (file.parent.parent for file in sweep.glob("*/.hydra/overrides.yaml"))


def _overrides(folder: Path) -> tuple[str, ...]:
    import yaml

    found = yaml.safe_load((folder / ".hydra" / "overrides.yaml").read_text("utf-8")) or []
    return tuple(one for one in found if counts(one))


def _number(folder: Path) -> int:
    import yaml

    try:
        told = yaml.safe_load((folder / ".hydra" / "hydra.yaml").read_text("utf-8"))
        return int(told["hydra"]["job"]["num"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return 0


def _read(folder: Path, overrides: tuple[str, ...], common: set[str]) -> Arm:
    differs = [one for one in overrides if one not in common and not one.startswith("seed=")]
    seeds = [one.removeprefix("seed=") for one in overrides if one.startswith("seed=")]
    named = [one for one in overrides if one.startswith("experiment=")]
    label = ", ".join(map(shorten, differs or named)) or "default"
    seed = seeds[-1] if seeds else "0"
    told: dict[str, Any] = {"folder": folder, "label": label, "seed": seed, "overrides": overrides}
    if not folder.is_dir():
        return Arm(**told, state="not started")
    if (folder / FAILED).is_file():
        error = json.loads((folder / FAILED).read_text("utf-8"))["error"]
        return Arm(**told, state="failed", error=error)
    if not (folder / "results.json").is_file():
        return Arm(**told, state="unfinished")
    rows, arm, records = (
        json.loads((folder / name).read_text("utf-8")) for name in ("results.json", "arm.json", "records.json")
    )
    return Arm(
        **told,
        state="finished",
        models=tuple(row["name"] for row in rows),
        measures={row["name"]: row["measures"] for row in rows},
        stages=tuple(arm["stages"]),
        heldout=arm["key"]["heldout"],
        texts={name: _text(of) for name, of in records.items()},
    )


def _text(told: Mapping[str, Any]) -> HeldOutText:
    """Add up the documents of each record: long text is cut into several."""
    characters: dict[str, int] = defaultdict(int)
    for record, count in zip(told["records"], told["characters"], strict=True):
        characters[record] += count
    bits: dict[str, dict[str, float]] = {}
    for model, values in told["bits"].items():
        of = bits[model] = dict.fromkeys(characters, 0.0)
        for record, value in zip(told["records"], values, strict=True):
            of[record] += value
    return HeldOutText(
        groups=dict(zip(told["records"], told["groups"], strict=True)), characters=dict(characters), bits=bits
    )


def _check_same_text(arms: Sequence[Arm]) -> None:
    for arm in arms[1:]:
        for name, key in arm.heldout.items():
            if arms[0].heldout.get(name) != key:
                raise UserError(
                    f"sweep: {arms[0].folder.name} and {arm.folder.name} cannot be compared: the held-out text of "
                    f"{name} is not the same (another sweep_name keeps them apart)"
                )
