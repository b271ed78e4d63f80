"""Fig. 1: a base gets a Chinese vocabulary, then is tuned from general medicine to a specialty.

python train.py experiment=general_to_specific
python train.py -m sweep=strategy
"""

import sys

import hydra
from omegaconf import DictConfig

from hypnos.commands import direct_search, let_workers_import, quote, renew, start


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> float | None:
    """Check the whole configuration, then run every stage of the experiment; a search looks at what is returned."""
    with start(cfg, arm_of=__file__) as job:
        from hypnos.experiment.run import run_experiment

        return run_experiment(job.config, build=job.build, output=job.output, sweeping=job.sweeping)


if __name__ == "__main__":
    let_workers_import()
    sys.argv[1:] = quote("train.py", direct_search(renew("train.py", sys.argv[1:])))
    main()
