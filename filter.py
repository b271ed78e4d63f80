"""Fig. 2: seed tasks become candidates, are cleaned, scored by the other author, and kept or rejected with a reason.

python filter.py
python filter.py llm@authors.first=deepseek llm@authors.second=qwen budget.usd=50
python filter.py input=pairs.jsonl
"""

import sys

import hydra
from omegaconf import DictConfig

from hypnos.commands import name_files, quote, renew, start


@hydra.main(version_base="1.3", config_path="conf", config_name="filter")
def main(cfg: DictConfig) -> None:
    """Check the whole configuration, then run the chosen steps."""
    with start(cfg) as job:
        from hypnos.curation.run import run_filter

        run_filter(job.config, build=job.build, output=job.output)


if __name__ == "__main__":
    sys.argv[1:] = quote("filter.py", name_files(renew("filter.py", sys.argv[1:])))
    main()
