"""Reads every knob of conf/ with its default and its comment, which is its description."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from manual.doors import arguments

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
UNSHOWN = ("_target_", "_partial_", "_convert_", "_recursive_")
"""Keys that say what is built, and are no knobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One value that an override can set.

    Attributes:
        path: as an override names it, with dots.
        default: as YAML on one line; `???` where the user has to say it.
        meaning: the comments beside and above it, or what the constructor says of it; empty where neither says any.
        file: the file below conf/ that sets it, without its suffix.
    """

    path: str
    default: str
    meaning: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A choice among the files of a folder of conf/, as a command's defaults name it.

    Attributes:
        override: what stands before `=` on a command line: `llm@authors.first`.
        folder: of conf/.
        choice: by default; None for none.
    """

    override: str
    folder: str
    choice: str | None


def command_knobs(name: str) -> list[Knob]:
    """Every knob that a primary configuration has with its default choices, in the order of the composed file."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().hydra.config_loader  # type: ignore[union-attr]
        layers = loader.compute_defaults_list(name, [], RunMode.RUN).defaults
        values = cast(dict[str, Any], OmegaConf.to_container(compose(name), resolve=False))
    meanings: dict[str, str] = {}
    files: dict[str, str] = {}
    for layer in layers:
        file = CONF / f"{layer.config_path}.yaml"
        if not file.is_file() or (layer.package or "").startswith("hydra"):
            continue
        for path, meaning in _comments(file).items():
            whole = f"{layer.package}.{path}" if layer.package else path
            files[whole] = str(layer.config_path)
            if meaning:
                meanings[whole] = meaning
    return [
        Knob(
            path=path,
            default=default,
            meaning=meanings.get(path) or stated or _of_table(path, meanings),
            file=_nearest(path, files),
        )
        for path, default, stated in _flat(values)
    ]


def command_groups(name: str) -> list[Group]:
    """The choices that stand in a primary configuration's defaults."""
    groups = []
    for entry in yaml.safe_load((CONF / f"{name}.yaml").read_text("utf-8"))["defaults"]:
        if not isinstance(entry, dict):
            continue
        ((override, choice),) = entry.items()
        if override.startswith("override "):
            continue
        shown = f"[{', '.join(choice)}]" if isinstance(choice, list) else choice
        groups.append(Group(override=override, folder=override.partition("@")[0], choice=shown))
    return groups


def file_knobs(file: Path) -> list[Knob]:
    """The knobs of one file of conf/, by the paths that they have in it."""
    values = yaml.safe_load(file.read_text("utf-8")) or {}
    meanings = _comments(file)
    name = file.relative_to(CONF).with_suffix("").as_posix()
    own = {key: value for key, value in values.items() if key != "defaults"}
    return [
        Knob(path=path, default=default, meaning=meanings.get(path) or stated or _of_table(path, meanings), file=name)
        for path, default, stated in _flat(own)
    ]


def header(file: Path) -> str:
    """The comment that a file of conf/ begins with, without its package."""
    lines = []
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            lines.append(line[1:].removeprefix(" "))
    return "\n".join(lines).strip()


def package(file: Path) -> str | None:
    """The package that a file of conf/ states for itself."""
    stated = re.match(r"# @package (\S+)", file.read_text("utf-8"))
    return stated[1] if stated else None


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, value and the words of the constructor that takes it, of every knob below a table."""
    words = arguments(str(values.get("_target_")))
    for key, value in values.items():
        path = f"{before}{key}"
        if key in UNSHOWN:
            continue
        if isinstance(value, dict) and value and set(value) - set(UNSHOWN):
            yield from _flat(value, f"{path}.")
        elif not (isinstance(value, dict) and value):
            yield path, _one_line(value), words.get(str(key), "")


def _of_table(path: str, meanings: Mapping[str, str]) -> str:
    """The comment of the table that a knob stands in, such as one on a single line."""
    return meanings.get(path.rpartition(".")[0], "")


def _one_line(value: Any) -> str:
    """A value as YAML reads it back, on one line."""
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.strip().removesuffix("\n...").strip()


def _nearest(path: str, files: Mapping[str, str]) -> str:
    """The file that sets a path, or the table that it stands in."""
    while path and path not in files:
        path = path.rpartition(".")[0]
    return files.get(path, "")


def _comments(file: Path) -> dict[str, str]:
    """The comment of each key of a file, by its path; empty where there is none."""
    text = file.read_text("utf-8")
    lines = text.splitlines()
    found: dict[str, str] = {}

    def walk(node: yaml.Node, before: str) -> None:
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            path = f"{before}{key.value}"
            block = isinstance(value, yaml.CollectionNode) and not value.flow_style
            end = key.end_mark if block else value.end_mark
            rest = lines[end.line][end.column :] if end.line < len(lines) else ""
            beside = re.match(r"\s*:?\s+#\s*(.*)$" if block else r"\s+#\s*(.*)$", rest)
            above = _above(lines, key.start_mark.line, key.start_mark.column)
            found[path] = " ".join(filter(None, (above, beside[1].strip() if beside else "")))
            walk(value, f"{path}.")

    root = yaml.compose(text)
    if root is not None:
        walk(root, "")
    found.pop("defaults", None)
    return found


def _above(lines: list[str], number: int, column: int) -> str:
    """The comment that stands directly above a key, at its own depth; the head of the file is none."""
    if lines[number][:column].strip():
        return ""  # inside a flow mapping
    first = number
    while first > 0 and re.match(rf" {{{column}}}#", lines[first - 1]):
        first -= 1
    return "" if first == 0 else " ".join(line.strip()[1:].strip() for line in lines[first:number])
