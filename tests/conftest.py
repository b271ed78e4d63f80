import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hypnos.benchmark.exam import choose_exam
from hypnos.corpus.arms import name_arm
from hypnos.corpus.objective import name_direction
from hypnos.tuning.experiment import make_run, run_experiment
from hypnos.tuning.stages import Run

ROOT = Path(__file__).parents[1]

os.environ.setdefault("HYPNOS_ROOT", str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
OmegaConf.register_new_resolver("arm", name_arm, replace=True)
OmegaConf.register_new_resolver("direction", name_direction, replace=True)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


def compose_config(name: str, overrides: list[str], output: Path) -> dict[str, Any]:
    """A primary config as the command would see it, resolved to plain values."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        full = hydra_compose(name, overrides=overrides, return_hydra_config=True)
    full.hydra.runtime.output_dir = str(output)
    HydraConfig.instance().set_config(full)
    plain = OmegaConf.masked_copy(full, [key for key in full if key != "hydra"])
    return OmegaConf.to_container(plain, resolve=True, throw_on_missing=True)  # type: ignore[return-value]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data beside the repository; tests that need them are skipped where they are absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not here")
    return folder


@pytest.fixture
def compose(tmp_path: Path) -> Callable[[str, list[str]], dict[str, Any]]:
    """Compose a primary config with overrides."""
    return lambda name, overrides: compose_config(name, overrides, tmp_path)


@pytest.fixture(scope="session")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[dict[str, Any]]]:
    """Run an experiment in this process, small and short, and return what `results.json` holds.

    All runs of a test session share one folder of artefacts, as a lab's runs do. `steps` shortens every stage,
    and `sweeping` runs it as a job of a multirun, in a folder of its own or again in `output`.
    """
    artefacts = tmp_path_factory.mktemp("artefacts")

    def train(
        *overrides: str,
        artefacts: Path = artefacts,
        output: Path | None = None,
        steps: int | None = None,
        sweeping: bool = False,
    ) -> list[dict[str, Any]]:
        output = output or tmp_path_factory.mktemp("output")
        small = [
            *("sources.general.limit=60", "sources.anesthesia.limit=60", "sources.text.limit=10"),
            *("model.recipe.pieces=2000", "logger=none", "answers.max_new_tokens=4", f"paths.artefacts={artefacts}"),
            *(f"model.recipe.{stage}.epochs=1" for stage in ("general", "anesthesia", "pretrain")),
        ]
        config = compose_config("train", [*small, *overrides], output)
        for stage in config["stages"].values() if steps else ():
            stage["trainer"]["max_steps"] = steps
        build = partial(instantiate, _convert_="all")
        exam = choose_exam(config, build=build, sweeping=sweeping)
        run_experiment(config, build=build, output=output, exam=exam)
        return json.loads((output / "results.json").read_text("utf-8"))

    return train


@pytest.fixture
def described(compose: Callable[[str, list[str]], dict[str, Any]], tmp_path: Path) -> Callable[..., Run]:
    """A run as it stands before anything is made."""

    def make(*overrides: str) -> Run:
        small = ["sources.general.limit=60", "sources.anesthesia.limit=60", f"paths.artefacts={tmp_path}"]
        config = compose("train", [*small, *overrides])
        return make_run(config, build=partial(instantiate, _convert_="all"), output=tmp_path)

    return make
