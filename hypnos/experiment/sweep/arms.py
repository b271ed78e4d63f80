"""Reads the arms of a sweep from their folders."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hypnos.errors import UserError
from hypnos.experiment.arm_names import distinguishes, name_arm, shorten
from hypnos.experiment.run_folder import ARM, FAILED, PRUNED, RECORDS, RESULTS

SWEEPS = "sweeps"
"""Folder of all sweeps among the outputs."""

Bits = Mapping[str, Mapping[str, float]]
Characters = Mapping[str, Mapping[str, int]]
"""By model of the run and by record."""

Planned = Callable[[Path], Sequence[Sequence[str]]]
"""Tells of a sweep's folder the overrides of each arm that it meant to run, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutText:
    """A held-out set: of each record its group, and by model the characters that it read and the bits it needs.

    A model reads fewer of them, or none, where its vocabulary leaves no room for the text.
    """

    groups: Mapping[str, str]
    characters: Characters
    bits: Bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One run of a sweep.

    Attributes:
        folder: of the run.
        label: what tells it from the other arms, but for its seed.
        seed: as its override gives it.
        overrides: all that tell arms apart.
        state: a search ended `pruned` ones early; `unfinished` ones were stopped, or are running; one that is
            `not started` has no folder yet.
        error: of a failed one.
        models: names in the order of training, from `base` on.
        measures: by model and held-out set.
        stages: what `arm.json` says of each stage.
        heldout: by set, the key of its text.
        texts: by set, what was measured record by record.
        called: what its last model is called beside others', where folders of other sweeps may have the same name.
    """

    folder: Path
    label: str
    seed: str
    overrides: tuple[str, ...]
    state: Literal["finished", "failed", "pruned", "unfinished", "not started"]
    error: str = ""
    models: tuple[str, ...] = ()
    measures: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    stages: tuple[Mapping[str, Any], ...] = ()
    heldout: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, HeldOutText] = field(default_factory=dict)
    called: str = ""

    @property
    def name(self) -> str:
        """What tells it from all others that it is compared with."""
        return self.called or self.folder.name

    @property
    def last(self) -> str:
        """The model the arm ends with."""
        return self.models[-1]

    def override(self, key: str) -> str | None:
        """The value of the last override of a key, or None."""
        pairs = (override.partition("=") for override in self.overrides)
        values = [value for name, _, value in pairs if name.lstrip("+") == key]
        return values[-1] if values else None


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
    names = sorted(folder.name for folder in known.glob("*") if folder.is_dir())
    raise UserError(f"sweep: no sweep {name!r} (below {known}: {', '.join(names) or 'none'})")


def read_arms(sweep: Path, planned: Sequence[Sequence[str]] = ()) -> list[Arm]:
    """Every arm of a sweep in the order in which it was started, and those that have yet to start.

    Args:
        sweep: its folder.
        planned: overrides of each arm that the sweep meant to run.

    Raises:
        UserError: two arms were measured on different text.
    """
    folders = sorted(_folders(sweep), key=lambda folder: (_job_number(folder), folder.name))
    overrides_of = {folder: _read_overrides(folder) for folder in folders}
    for overrides in planned:
        overrides_of.setdefault(sweep / name_arm(overrides), tuple(filter(distinguishes, overrides)))
    common = set.intersection(*(set(overrides) for overrides in overrides_of.values()))
    arms = [_read_arm(folder, overrides, common) for folder, overrides in overrides_of.items()]
    check_same_text(arms)
    return arms


def read_arm(folder: Path) -> Arm:
    """A run by itself, of a sweep or not."""
    return _read_arm(folder, _read_overrides(folder), set())


def by_label(arms: Sequence[Arm]) -> dict[str, list[Arm]]:
    """Arms that differ in nothing but their seed, in the order of the first of them."""
    labelled: dict[str, list[Arm]] = defaultdict(list)
    for arm in arms:
        labelled[arm.label].append(arm)
    return dict(labelled)


def _folders(sweep: Path) -> Iterator[Path]:
    return (file.parent.parent for file in sweep.glob("*/.hydra/overrides.yaml"))


def _read_overrides(folder: Path) -> tuple[str, ...]:
    import yaml

    overrides = yaml.safe_load((folder / ".hydra" / "overrides.yaml").read_text("utf-8")) or []
    return tuple(filter(distinguishes, overrides))


def _job_number(folder: Path) -> int:
    import yaml

    try:
        config = yaml.safe_load((folder / ".hydra" / "hydra.yaml").read_text("utf-8"))
        return int(config["hydra"]["job"]["num"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return 0


def _read_arm(folder: Path, overrides: tuple[str, ...], common: set[str]) -> Arm:
    """Read one arm; `common` are the overrides that all arms have, which are no part of its label."""
    differing = [part for part in overrides if part not in common and not part.startswith("seed=")]
    seeds = [part.removeprefix("seed=") for part in overrides if part.startswith("seed=")]
    experiments = [part for part in overrides if part.startswith("experiment=")]
    label = ", ".join(map(shorten, differing or experiments)) or "default"
    seed = seeds[-1] if seeds else "0"
    identity: dict[str, Any] = {"folder": folder, "label": label, "seed": seed, "overrides": overrides}
    if not folder.is_dir():
        return Arm(**identity, state="not started")
    if (folder / FAILED).is_file():
        return Arm(**identity, state="failed", error=_read_json(folder / FAILED)["error"])
    if (folder / PRUNED).is_file():
        return Arm(**identity, state="pruned")
    if not (folder / RESULTS).is_file():
        return Arm(**identity, state="unfinished")
    models, arm, records = (_read_json(folder / name) for name in (RESULTS, ARM, RECORDS))
    measures = {model["name"]: model["measures"] for model in models}
    return Arm(
        **identity,
        state="finished",
        models=tuple(model["name"] for model in models),
        measures=measures,
        stages=tuple(arm["stages"]),
        heldout=arm["key"]["heldout"],
        texts={name: _read_text(documents, _totals(measures, name)) for name, documents in records.items()},
    )


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def _totals(measures: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, int]:
    """Characters of a held-out set that each model was measured on, where that is said."""
    return {
        model: of_sets[name]["characters"]
        for model, of_sets in measures.items()
        if "characters" in of_sets.get(name, {})
    }


def _read_text(documents: Mapping[str, Any], totals: Mapping[str, int]) -> HeldOutText:
    return _add_up_documents(documents["models"] if "models" in documents else _older_form(documents, totals))


def _older_form(documents: Mapping[str, Any], totals: Mapping[str, int]) -> dict[str, Any]:
    """By model, what a file says that holds the records of its last model alone, beside the bits of all.

    A model that was measured on other documents, or on another number of characters, has none: which ones is not said.
    """
    shared = {column: documents[column] for column in ("records", "groups", "characters")}
    last = next(reversed(documents["bits"]), "")
    none: dict[str, list[Any]] = {column: [] for column in (*shared, "bits")}
    by_model = {}
    for model, bits in documents["bits"].items():
        is_same = len(bits) == len(shared["records"]) and totals.get(model) == totals.get(last)
        by_model[model] = {**shared, "bits": bits} if is_same else none
    return by_model


def _add_up_documents(by_model: Mapping[str, Mapping[str, Any]]) -> HeldOutText:
    """Add up the documents of each record: long text is cut into several, and not into as many by every model."""
    groups: dict[str, str] = {}
    characters: dict[str, dict[str, int]] = {}
    bits: dict[str, dict[str, float]] = {}
    for model, columns in by_model.items():
        model_characters, model_bits = characters.setdefault(model, {}), bits.setdefault(model, {})
        names = ("records", "groups", "characters", "bits")
        for record, group, count, value in zip(*(columns[name] for name in names), strict=True):
            groups.setdefault(record, group)
            model_characters[record] = model_characters.get(record, 0) + count
            model_bits[record] = model_bits.get(record, 0.0) + value
    return HeldOutText(groups=groups, characters=characters, bits=bits)


def common_records(characters: Sequence[Mapping[str, int]]) -> list[str]:
    """Records of which models read the same number of characters: of others, bits are not of the same text.

    Args:
        characters: by record, of each model that is compared.
    """
    first, *others = characters
    return [record for record, count in first.items() if all(other.get(record) == count for other in others)]


def check_same_text(arms: Sequence[Arm]) -> None:
    """Check that all finished arms were measured on the same text.

    Raises:
        UserError: two were not.
    """
    finished = [arm for arm in arms if arm.state == "finished"]
    for arm in finished[1:]:
        for name in sorted(finished[0].heldout.keys() | arm.heldout.keys()):
            if finished[0].heldout.get(name) != arm.heldout.get(name):
                raise UserError(
                    f"sweep: {finished[0].folder.name} and {arm.folder.name} cannot be compared: the held-out text of "
                    f"{name} is not the same (another sweep_name keeps them apart)"
                )
