"""Fig. 2: seed tasks become candidates, are cleaned, scored by the other author, and kept or rejected with a reason.

python filter.py
python filter.py llm@authors.first=deepseek llm@authors.second=qwen budget.usd=50
python filter.py source=pairs.jsonl
"""

import os
import sys
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from hypnos.errors import one_line

os.environ.setdefault("HYPNOS_ROOT", str(Path(__file__).parent))


@hydra.main(version_base="1.3", config_path="conf", config_name="filter")
def main(cfg: DictConfig) -> None:
    """Check the whole configuration, then run the chosen steps."""
    hydra_config = HydraConfig.get()
    with one_line(reraise=hydra_config.mode == RunMode.MULTIRUN):
        from functools import partial

        from hydra.utils import instantiate

        from hypnos.curation.run import run_filter
        from hypnos.llm.redaction import forgotten

        output = Path(hydra_config.runtime.output_dir)
        with forgotten(output):
            run_filter(
                cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)),
                build=partial(instantiate, _convert_="all"),
                output=output,
            )


def name_file(word: str) -> list[str]:
    """A source is one of conf/source; any other value is a file, a folder or a set of the hub to read."""
    name, _, value = word.partition("=")
    if name != "source" or not any(sign in value for sign in "./:"):
        return [word]
    return ["source=files", f"source.path='{value}'"]


if __name__ == "__main__":
    sys.argv[1:] = [part for word in sys.argv[1:] for part in name_file(word)]
    main()
