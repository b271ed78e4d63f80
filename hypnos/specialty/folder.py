"""Reads a specialty's folder: topics, terms, doses, rubric, seed tasks and prompts. Another one is another folder."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.errors import UserError
from hypnos.specialty.drugs import Drug, read_windows
from hypnos.specialty.parsing import read_entries, read_lines, read_names, read_pairs, read_part, read_yaml
from hypnos.specialty.probes import read_probes
from hypnos.specialty.prompt_places import check_places

PROMPTS = ("generate", "generate_system", "score", "score_system", "documents", "documents_system")
"""Prompts that every specialty has; a folder may hold more."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One value of an axis: a subspecialty, a task, a difficulty or an audience.

    Attributes:
        key: stands in records, prompts and file names.
        name: what a reader sees.
        holds: put into prompts, so that a longer list steers generation more tightly.
        share: weight in the quotas, beside the other values of its axis; 0 leaves it out.
    """

    key: str
    name: str
    holds: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Aspect:
    """What a scorer judges from 0 to 10, with what either end means."""

    key: str
    name: str
    lower_is_better: bool
    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A task written by hand, shown to the authors as an example."""

    id: str
    instruction: str
    output: str
    input: str = ""
    topic: str
    task: str
    difficulty: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialty:
    """Everything that a specialty's folder holds, read and checked.

    Attributes:
        folder: where it stands.
        key: the folder's name.
        name: the specialty's name in Chinese, as prompts use it.
        exclude: pairs of keys, of any two axes, that make no sense together and have no quota.
        drugs: names and dose windows.
        terms: what must not be torn apart.
        aliases: generic name by other name.
        confusable: pairs of names that are mixed up, the shorter often standing within the longer.
        seeds: at least one for each task that has a quota.
        probes: answers of known quality and harm, for trying a scorer out; see `hypnos.curation.score.probes`.
        prompts: text by file name, with `$places` to fill.
        rubric: the whole of ``rubric.yaml``.
    """

    folder: Path
    key: str
    name: str
    topics: tuple[Topic, ...]
    tasks: tuple[Topic, ...]
    difficulties: tuple[Topic, ...]
    audiences: tuple[Topic, ...]
    exclude: frozenset[frozenset[str]]
    aspects: tuple[Aspect, ...]
    drugs: tuple[Drug, ...]
    terms: tuple[str, ...]
    aliases: Mapping[str, str]
    confusable: tuple[tuple[str, str], ...]
    seeds: tuple[Seed, ...]
    probes: tuple[Mapping[str, Any], ...]
    prompts: Mapping[str, str]
    rubric: Mapping[str, Any]

    def prompt(self, name: str) -> str:
        """The text of a prompt as it stands in its file.

        Raises:
            UserError: the folder has no such prompt.
        """
        if name not in self.prompts:
            raise UserError(f"{self.folder}: no prompts/{name}.txt in this specialty")
        return self.prompts[name]

    def fill(self, name: str, **values: str) -> str:
        """A prompt with its `$places` filled; what is filled in is never read as a place itself.

        Raises:
            UserError: the folder has no such prompt, or it has a place that nothing fills.
        """
        try:
            return string.Template(self.prompt(name)).substitute(specialty=self.name, **values)
        except (KeyError, ValueError) as error:
            known = ", ".join(f"${placeholder}" for placeholder in sorted({"specialty", *values}))
            raise UserError(f"{self.folder}/prompts/{name}.txt: {error}: the places are {known}") from error


def find_specialty(name: str, root: Path) -> Path:
    """The folder of a specialty, given as a path or as the name of a folder below `root/specialty`.

    Raises:
        UserError: there is no such folder.
    """
    for folder in (Path(name), root / "specialty" / name):
        if folder.is_dir() and name:
            return folder
    known = sorted(path.name for path in (root / "specialty").glob("*/") if path.is_dir())
    raise UserError(f"specialty={name}: no such folder (bundled: {', '.join(known) or 'none'})")


def read_specialty(folder: Path) -> Specialty:
    """Read a specialty's folder whole.

    Raises:
        UserError: a part is missing or wrong; the message names file and key.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of a specialty")
    topics_file = folder / "topics.yaml"
    topics = read_yaml(topics_file)
    axes = {axis: _axis(topics_file, topics, axis) for axis in ("topics", "tasks", "difficulties", "audiences")}
    rubric_file = folder / "rubric.yaml"
    rubric = read_yaml(rubric_file)
    names_file = folder / "names.yaml"
    names = read_yaml(names_file)
    return Specialty(
        folder=folder,
        key=folder.resolve().name,
        name=str(topics.get("name") or folder.resolve().name),
        **axes,
        exclude=_exclude(topics_file, topics.get("exclude"), axes),
        aspects=read_entries(rubric_file, "aspects", rubric.get("aspects"), Aspect),
        drugs=read_windows(folder / "doses.yaml"),
        terms=_read_terms(folder / "terms.txt"),
        aliases=read_names(names_file, "aliases", names.get("aliases")),
        confusable=tuple(read_pairs(names_file, "confusable", names.get("confusable"))),
        seeds=_read_seeds(folder / "seeds.jsonl", axes),
        probes=read_probes(folder / "probes.jsonl"),
        prompts=_read_prompts(folder / "prompts"),
        rubric=rubric,
    )


def _axis(file: Path, content: Mapping[str, Any], axis: str) -> tuple[Topic, ...]:
    values = read_entries(file, axis, content.get(axis), Topic)
    for value in values:
        if not isinstance(value.share, int | float) or value.share < 0:
            raise UserError(f"{file}: {axis}: {value.key}: share {value.share!r} must be a number, 0 or more")
    if not any(value.share for value in values):
        raise UserError(f"{file}: {axis}: every share is 0, so that no quota can be met")
    return values


def _exclude(file: Path, pairs: Any, axes: Mapping[str, tuple[Topic, ...]]) -> frozenset[frozenset[str]]:
    axis_of = {value.key: axis for axis, values in axes.items() for value in values}
    if len(axis_of) < sum(map(len, axes.values())):
        raise UserError(f"{file}: a key stands in two axes, so that a pair of keys would be ambiguous")
    excluded = read_pairs(file, "exclude", pairs)
    for first, second in excluded:
        for name in (first, second):
            if name not in axis_of:
                raise UserError(f"{file}: exclude: {name} is no key of this file")
        if axis_of[first] == axis_of[second]:
            raise UserError(f"{file}: exclude: {first} and {second} are of the same axis")
    return frozenset(map(frozenset, excluded))


def _read_terms(file: Path) -> tuple[str, ...]:
    lines = (line.partition("#")[0].strip() for line in read_part(file).splitlines())
    terms = tuple(line for line in lines if line)
    if not terms:
        raise UserError(f"{file}: no terms in this file")
    return terms


def _read_seeds(file: Path, axes: Mapping[str, tuple[Topic, ...]]) -> tuple[Seed, ...]:
    seeds = []
    fields = {"topics": "topic", "tasks": "task", "difficulties": "difficulty", "audiences": "audience"}
    for number, row in read_lines(file):
        try:
            seed = Seed(**row)
        except TypeError as error:
            raise UserError(f"{file}:{number}: {str(error).partition('__init__() ')[2] or error}") from error
        for name in ("id", "instruction", "output", "input"):
            text = getattr(seed, name)
            if not isinstance(text, str) or not (text.strip() or name == "input"):
                raise UserError(f"{file}:{number}: {name}: needs text")
        for axis, name in fields.items():
            if getattr(seed, name) not in {value.key for value in axes[axis]}:
                raise UserError(f"{file}:{number}: {name} {getattr(seed, name)!r} is no key of topics.yaml")
        seeds.append(seed)
    if len({seed.id for seed in seeds}) < len(seeds):
        raise UserError(f"{file}: an id stands twice")
    missing = {task.key for task in axes["tasks"] if task.share} - {seed.task for seed in seeds}
    if missing:
        raise UserError(f"{file}: no seed for the task {', '.join(sorted(missing))}")
    return tuple(seeds)


def _read_prompts(folder: Path) -> dict[str, str]:
    prompts = {file.stem: read_part(file) for file in sorted(folder.glob("*.txt"))}
    for name in PROMPTS:
        if not prompts.get(name, "").strip():
            raise UserError(f"{folder / name}.txt: this part of the specialty is missing or empty")
    for name, text in prompts.items():
        check_places(folder / f"{name}.txt", text)
    return prompts
