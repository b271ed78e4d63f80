"""Fig. 1: a base gets a Chinese vocabulary, then is tuned from general medicine to a specialty.

python train.py experiment=general_to_specific
"""

import os
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from hypnos.corpus.errors import one_line

os.environ.setdefault("HYPNOS_ROOT", str(Path(__file__).parent))


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> None:
    """Check the whole configuration, then run every stage of the experiment."""
    hydra_config = HydraConfig.get()
    with one_line(reraise=hydra_config.mode == RunMode.MULTIRUN):
        from functools import partial

        from hydra.utils import instantiate

        from hypnos.tuning.experiment import run_experiment

        run_experiment(
            cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)),
            build=partial(instantiate, _convert_="all"),
            output=Path(hydra_config.runtime.output_dir),
        )


if __name__ == "__main__":
    main()
