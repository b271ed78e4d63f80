"""Keeps a checkpoint in parts, a folder that each rank writes its share of, by torch's distributed checkpoints.

No rank puts anything together: what it holds beside its share while it saves is at most one tensor of it. Another
number of ranks reads its own shares from the same folder, and one process alone reads all of it.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import xxhash
from torch import Tensor
from torch.distributed.checkpoint import FileSystemReader
from torch.distributed.checkpoint.metadata import TensorStorageMetadata

from hypnos.artefacts.store import disk_errors
from hypnos.errors import UserError

REST = "rest.pt"
"""File of whatever is no tensor: counters, callbacks, the optimizer's settings. It is written last."""

FROM = "hypnos_parts"
"""Under this name a checkpoint that was read without its tensors says from which folder they come."""

_BLOCK = 1 << 20


def save_parts(checkpoint: dict[str, Any], folder: Path, *, rank: int) -> None:
    """Write this rank's share into a folder that appears when it is whole; every rank must call it.

    Args:
        checkpoint: as Lightning collects it, its tensors cut into parts or the same on every rank.
        folder: to make; one that is there is replaced.
        rank: of this process.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    if rank == 0:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    dist.barrier()
    tensors, rest = _take_apart(checkpoint)
    with disk_errors(folder.parent):
        dcp.save(tensors, checkpoint_id=partial)
        sums = {file.name: _sum(file) for file in sorted(partial.glob(f"__{rank}_*.distcp"))}
        (partial / f"sums-{rank}.json").write_text(json.dumps(sums), "utf-8")
        dist.barrier()
        if rank == 0:
            torch.save(rest, partial / REST)
            old = folder.with_name(f".{folder.name}.old")
            remove(old)
            if folder.exists():
                folder.rename(old)
            partial.rename(folder)
            remove(old)
    dist.barrier()


def remove(checkpoint: Path) -> None:
    """Remove a checkpoint, a file or a folder, if it is there."""
    if checkpoint.is_dir():
        shutil.rmtree(checkpoint)
    else:
        checkpoint.unlink(missing_ok=True)


def read_rest(folder: Path) -> dict[str, Any]:
    """A checkpoint whose weights are shapes alone: `load_weights` and `load_moments` read what this rank needs."""
    rest: dict[str, Any] = torch.load(folder / REST, map_location="cpu", weights_only=True)
    weights = {name: _empty(found, "meta") for name, found in _stored(folder, "model.")}
    return {**rest, "state_dict": weights, FROM: str(folder)}


def load_weights(checkpoint: Mapping[str, Any], own: Mapping[str, Tensor]) -> None:
    """Read this rank's shares of the weights into its own tensors."""
    tensors = {f"model.{name}": own[name] for name in checkpoint["state_dict"]}
    dcp.load(tensors, checkpoint_id=checkpoint[FROM])


def load_moments(checkpoint: Mapping[str, Any], number: int, trained: list[Tensor]) -> dict[str, Any]:
    """Read this rank's shares of an optimizer's moments.

    Args:
        checkpoint: as `read_rest` gave it.
        number: of the optimizer.
        trained: its parameters, in order: what has a parameter's shape is cut as it is.

    Returns:
        The optimizer's state.
    """
    folder, prefix = Path(checkpoint[FROM]), f"optimizer.{number}."
    tensors: dict[str, Tensor] = {}
    for name, found in _stored(folder, prefix):
        like = trained[int(name.partition(".")[0])]
        cut = like.shape == found.size
        dtype = found.properties.dtype
        tensors[prefix + name] = torch.zeros_like(like, dtype=dtype) if cut else _empty(found, "cpu")
    dcp.load(tensors, checkpoint_id=folder)
    return _with_moments(checkpoint["optimizer_states"][number], tensors, prefix)


def read_whole(folder: Path) -> dict[str, Any]:
    """Put a checkpoint together in one process's memory, as one file would hold it."""
    rest: dict[str, Any] = torch.load(folder / REST, map_location="cpu", weights_only=True)
    tensors = {name: _empty(found, "cpu") for name, found in _stored(folder, "")}
    dcp.load(tensors, checkpoint_id=folder, no_dist=True)
    weights = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    states = [_with_moments(s, tensors, f"optimizer.{i}.") for i, s in enumerate(rest["optimizer_states"])]
    return {**rest, "state_dict": weights, "optimizer_states": states}


def check_parts(folder: Path) -> None:
    """See that all parts are there, byte by byte as they were written.

    Raises:
        UserError: a part is missing or damaged.
    """
    _stored(folder, "")
    sums = sorted(folder.glob("sums-*.json"))
    written = {name: was for file in sums for name, was in json.loads(file.read_text("utf-8")).items()}
    parts = {item.relative_path for item in _metadata(folder).storage_data.values()}
    for name in sorted(parts | written.keys()):
        if not (folder / name).is_file():
            raise UserError(f"{name} is missing")
        if _sum(folder / name) != written.get(name):
            raise UserError(f"checksum of {name}")


def _take_apart(checkpoint: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors = {f"model.{name}": value for name, value in checkpoint["state_dict"].items()}
    states = []
    for number, state in enumerate(checkpoint.get("optimizer_states", ())):
        plain: dict[int, dict[str, Any]] = {}
        for index, values in state["state"].items():
            plain[index] = {name: value for name, value in values.items() if not isinstance(value, Tensor)}
            named = ((name, value) for name, value in values.items() if isinstance(value, Tensor))
            tensors |= {f"optimizer.{number}.{index}.{name}": value for name, value in named}
        states.append({**state, "state": plain})
    rest = {name: value for name, value in checkpoint.items() if name != "state_dict"}
    return tensors, {**rest, "optimizer_states": states}


def _with_moments(state: Mapping[str, Any], tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Any]:
    moments = {index: dict(values) for index, values in state["state"].items()}
    for name, value in tensors.items():
        if name.startswith(prefix):
            index, _, moment = name.removeprefix(prefix).partition(".")
            moments.setdefault(int(index), {})[moment] = value
    return {**state, "state": moments}


def _metadata(folder: Path) -> Any:
    return FileSystemReader(folder).read_metadata()


def _stored(folder: Path, prefix: str) -> list[tuple[str, TensorStorageMetadata]]:
    """Names behind a prefix, and what is known of these tensors without reading them."""
    known = _metadata(folder).state_dict_metadata
    return [(name.removeprefix(prefix), found) for name, found in known.items() if name.startswith(prefix)]


def _empty(found: TensorStorageMetadata, device: str) -> Tensor:
    return torch.empty(found.size, dtype=found.properties.dtype, device=device)


def _sum(file: Path) -> str:
    digest = xxhash.xxh3_64()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
