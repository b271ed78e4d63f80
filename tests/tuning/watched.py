"""A training in this process that a callback watches, and may end at any step."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from pytorch_lightning import Callback, Trainer

from hypnos.experiment.run import run_experiment


class Killed(BaseException):
    """What no handler of ours or of Lightning's takes for a reason to save anything."""


def train(compose: Callable[..., Any], folder: Path, watch: Callback, overrides: Sequence[str], *, stage: str) -> Path:
    """Run train.py's configuration into a folder; the directory of the one stage of this name that it made."""

    def build(node: Any, **more: Any) -> Any:
        made = instantiate(node, _convert_="all", **more)
        if isinstance(made, Trainer):
            made.callbacks.insert(0, watch)
        return made

    config = compose("train", [*overrides, f"paths.artefacts={folder}"])
    (folder / "out").mkdir(parents=True, exist_ok=True)
    run_experiment(config, build=build, output=folder / "out")
    (directory,) = folder.glob(f"models/{stage}-*")
    return directory
