"""Fig. 2: seed tasks become candidates, are cleaned, scored by the other author, and kept or rejected with a reason.

python filter.py
python filter.py llm@authors.first=deepseek llm@authors.second=qwen budget.usd=50
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


@hydra.main(version_base="1.3", config_path="conf", config_name="filter")
def main(cfg: DictConfig) -> None:
    """Check the whole configuration, then run the chosen steps."""
    hydra_config = HydraConfig.get()
    with one_line(reraise=hydra_config.mode == RunMode.MULTIRUN):
        from functools import partial

        from hydra.utils import instantiate

        from hypnos.curation.filtering import run_filter

        run_filter(
            cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)),
            build=partial(instantiate, _convert_="all"),
            output=Path(hydra_config.runtime.output_dir),
        )


if __name__ == "__main__":
    main()
