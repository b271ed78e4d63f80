"""Names models as the user did: by the end of a path or of a hub's name, as much of it as tells them apart."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from hypnos.artefacts.hub import bare_name, name_of_snapshot, on_hub
from hypnos.benchmark.answerers.weights import is_adapter

ANSWERS = "answers:"
"""An entry that starts so names a file of answers made elsewhere."""

GGUF = "gguf:"
"""An entry that starts so names a model in one file, for llama.cpp."""


def name_entries(entries: Sequence[str], *, taken: Collection[str] = ()) -> list[str]:
    """The shortest ending of each entry that no other has: `final`, or `run1/final` beside `run2/final`.

    Args:
        entries: folders, names on a hub (`hub:`, `ms:`), `answers:` and `gguf:` files.
        taken: names that others have already.

    Returns:
        In the order of the entries; the same entry twice has the same name twice.
    """
    parts = {entry: _parts(entry) for entry in entries}
    lengths = {entry: _fewest(entry) for entry in parts}
    while True:
        names = {entry: _ending(parts[entry], length) for entry, length in lengths.items()}
        counts = [*names.values(), *taken]
        longer = [e for e, name in names.items() if counts.count(name) > 1 and lengths[e] < len(parts[e])]
        if not longer:
            return [names[entry] for entry in entries]
        for entry in longer:
            lengths[entry] += 1


def name_folder(model: str) -> str:
    """The name of a folder for what a model answered."""
    return model.replace("/", "_")


def _parts(entry: str) -> tuple[str, ...]:
    """What can be read of an entry, from the front to the end; a link keeps the name that the user gave it."""
    if on_hub(entry):
        return tuple(bare_name(entry).strip("/").split("/"))
    file = entry.removeprefix(ANSWERS).removeprefix(GGUF)
    path = Path(os.path.abspath(Path(file).expanduser()))  # noqa: PTH100 (follows no link)
    if name := name_of_snapshot(path):
        return tuple(name.split("/"))
    end = path.stem if entry.startswith((ANSWERS, GGUF)) else path.name
    return (*path.parts[1:-1], end)


def _fewest(entry: str) -> int:
    """A stage keeps its adapter in a folder of its own, whose name says nothing."""
    named = on_hub(entry) or entry.startswith((ANSWERS, GGUF))
    return 1 if named or not is_adapter(Path(entry).expanduser()) else 2


def _ending(parts: Sequence[str], length: int) -> str:
    return "/".join(parts[-length:])
