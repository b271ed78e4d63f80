import os
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[1]

os.environ.setdefault("HYPNOS_ROOT", str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


def compose_config(name: str, overrides: list[str], output: Path) -> dict[str, Any]:
    """A primary config as the command would see it, resolved to plain values."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        full = compose(name, overrides=overrides, return_hydra_config=True)
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
