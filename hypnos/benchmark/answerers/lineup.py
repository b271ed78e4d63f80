"""Builds the models under test from what a user names."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.artefacts.hub import HUB
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.errors import UserError

log = logging.getLogger(__name__)

Build = Callable[..., Any]
"""Makes an object from a config with a `_target_`."""

ANSWERS = "answers:"
"""An entry that starts so names a file of answers made elsewhere."""


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
        models: folders, `hub:` names, `answers:` files, or names that litellm knows.
        baselines: configured by name.
        entries: what an entry of `models` becomes: configs `folder`, `answers` and `chat`.
        build: makes an object from a config with a `_target_`.
        outputs: where runs of train.py left their results.

    Raises:
        UserError: an entry is none of these, or is there twice.
    """
    answerers: list[Answerer] = [_build(entry, entries, build) for entry in models]
    answerers += [build({"name": name, **config}) for name, config in baselines.items()]
    if not answerers:
        answerers = [build({**entries["folder"], **stage}) for stage in newest_stages(outputs)]
    names = [answerer.name for answerer in answerers]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"models: {name} is there twice (a baseline has a name of its own: baselines=[...])")
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


def _build(entry: str, entries: Mapping[str, Mapping[str, Any]], build: Build) -> Answerer:
    if entry.startswith(ANSWERS):
        return build({**entries["answers"], "path": entry.removeprefix(ANSWERS)})  # type: ignore[no-any-return]
    if entry.startswith((HUB, ".", "/", "~")) or Path(entry).is_dir():
        return build({**entries["folder"], "path": entry})  # type: ignore[no-any-return]
    from hypnos.benchmark.answerers.api_model import key_variable

    chat = {**entries["chat"]["chat"], "name": entry, "model": entry, "key_variable": key_variable(entry)}
    return build({**entries["chat"], "chat": chat})  # type: ignore[no-any-return]
