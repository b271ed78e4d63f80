"""Builds the models under test from what a user names."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import on_hub
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.names import ANSWERS, GGUF, name_entries, name_folder
from hypnos.errors import UserError

log = logging.getLogger(__name__)

Build = Callable[..., Any]
"""Makes an object from a config with a `_target_`."""


def line_up(
    models: Sequence[str],
    baselines: Mapping[str, Mapping[str, Any]],
    *,
    entries: Mapping[str, Mapping[str, Any]],
    build: Build,
    outputs: Path,
) -> list[Answerer]:
    """Build every model under test, in the order given; without any, the stages of the newest training run.

    Args:
        models: folders, `hub:` names, `answers:` and `gguf:` files, or names that litellm knows.
        baselines: configured by name.
        entries: what an entry of `models` becomes: configs `folder`, `answers`, `gguf` and `chat`.
        build: makes an object from a config with a `_target_`.
        outputs: where runs of train.py left their results.

    Raises:
        UserError: an entry is none of these, is there twice, or has answers in another one's folder.
    """
    on_disk = [entry for entry in models if _is_on_disk(entry)]
    others = [*baselines, *(entry for entry in models if not _is_on_disk(entry))]
    names = dict(zip(on_disk, name_entries(on_disk, taken=others), strict=True))
    answerers: list[Answerer] = [_build(entry, names.get(entry), entries, build) for entry in models]
    answerers += [build({"name": name, **config}) for name, config in baselines.items()]
    if not answerers:
        answerers = [build({**entries["folder"], **stage}) for stage in newest_stages(outputs)]
    chosen = [answerer.name for answerer in answerers]
    for name in chosen:
        if chosen.count(name) > 1:
            raise UserError(f"models: {name} is there twice (a baseline has a name of its own: baselines=[...])")
    folders: dict[str, str] = {}
    for name in chosen:
        if other := folders.get(name_folder(name)):
            raise UserError(f"models: answers of {other} and {name} would lie in one folder, {name_folder(name)}")
        folders[name_folder(name)] = name
    return answerers


def newest_stages(outputs: Path) -> list[dict[str, str]]:
    """Name and folder of each model that the newest run of train.py left, in the order of training.

    Raises:
        UserError: there is none, or its folders are gone.
    """
    files = sorted(outputs.glob("*/*/results.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise UserError(f"models: none given, and no run of train.py left results.json below {outputs}")
    stages = [row for row in json.loads(files[-1].read_text("utf-8")) if row["directory"]]
    for row in stages:
        if not Path(row["directory"]).is_dir():
            raise UserError(
                f"{files[-1]}: {row['directory']}, the stage {row['name']}, is not there; name models=[...]"
            )
    log.info("models: the stages of %s", files[-1].parent)
    return [{"name": row["name"], "path": row["directory"]} for row in stages]


def _is_on_disk(entry: str) -> bool:
    """Whether an entry names files, here or on the hub, and no model behind an address."""
    return on_hub(entry) or entry.startswith((ANSWERS, GGUF, ".", "/", "~")) or Path(entry).is_dir()


def _build(entry: str, name: str | None, entries: Mapping[str, Mapping[str, Any]], build: Build) -> Answerer:
    """The model of an entry, under the name that is given to files on disk."""
    if name is not None:
        files = {"answers": ANSWERS, "gguf": GGUF}
        kind = next((kind for kind, prefix in files.items() if entry.startswith(prefix)), "folder")
        path = entry.removeprefix(files.get(kind, ""))
        return build({**entries[kind], "path": path, "name": name})  # type: ignore[no-any-return]
    from hypnos.benchmark.answerers.api_model import key_variable

    chat = {**entries["chat"]["chat"], "name": entry, "model": entry, "key_variable": key_variable(entry)}
    return build({**entries["chat"], "chat": chat})  # type: ignore[no-any-return]
