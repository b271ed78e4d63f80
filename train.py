"""Fig. 1: a base gets a Chinese vocabulary, then is tuned from general medicine to a specialty.

python train.py experiment=general_to_specific
python train.py -m sweep=strategy
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write

from hypnos.corpus.arms import name_arm
from hypnos.corpus.failures import kept_failure
from hypnos.corpus.objective import name_direction
from hypnos.errors import one_line

os.environ.setdefault("HYPNOS_ROOT", str(Path(__file__).parent))
OmegaConf.register_new_resolver("arm", name_arm, replace=True)
OmegaConf.register_new_resolver("direction", name_direction, replace=True)
SEARCH = "hydra/sweeper=optuna"


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> float | None:
    """Check the whole configuration, then run every stage of the experiment; a search looks at what is returned."""
    hydra_config = HydraConfig.get()
    output = Path(hydra_config.runtime.output_dir)
    sweeping = hydra_config.mode == RunMode.MULTIRUN
    if sweeping:
        # Lightning starts further ranks by this process's arguments: they are to join this arm, in its folder.
        # A launcher's worker is not started as this file, and Lightning would start what the worker is.
        sys.argv[:] = [__file__, *hydra_config.overrides.task, "hydra.mode=RUN"]
        sys.modules["__main__"].__spec__ = None
        with read_write(cast(Any, hydra_config)):
            hydra_config.run.dir = str(output)
    with one_line(reraise=sweeping), kept_failure(output) if sweeping else nullcontext():
        from functools import partial

        from hydra.utils import instantiate

        from hypnos.benchmark.exam import choose_exam
        from hypnos.tuning.experiment import check_configuration, run_experiment

        config = cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True))
        check_configuration(config)
        build = partial(instantiate, _convert_="all")
        with one_line(reraise=False):  # what is asked of one arm is asked of all: the first ends the sweep
            exam = choose_exam(config, build=build, sweeping=sweeping)
        return run_experiment(config, build=build, output=output, exam=exam)


if __name__ == "__main__":
    # A cluster's workers start elsewhere, and find this folder's packages all the same.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
    if SEARCH in sys.argv and not any(word.startswith("hydra.sweeper.direction=") for word in sys.argv):
        # No other sweeper knows the key, so that it can stand in no file.
        sys.argv.insert(sys.argv.index(SEARCH), "hydra.sweeper.direction='${direction:${objective}}'")
    main()
