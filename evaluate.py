"""The benchmark: models answer tasks, answers are measured, judged and rated, and one report compares them.

python evaluate.py models=[artefacts/models/anesthesia-fcb4b913a293f22c,answers:gpt4.jsonl] tasks=[aneqa,anecq,anerc]
"""

import os
import sys
from pathlib import Path
from typing import Any, cast

if __name__ == "evaluate":
    # Python looks for packages in this folder first: whoever imports the package of this name gets it all the same.
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    _elsewhere = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).resolve().parent]
    _spec = PathFinder.find_spec("evaluate", _elsewhere)
    if _spec is None or _spec.loader is None:
        raise ModuleNotFoundError("No module named 'evaluate'", name="evaluate")
    sys.modules["evaluate"] = module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["evaluate"])
else:
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import DictConfig, OmegaConf

    from hypnos.errors import one_line

    os.environ.setdefault("HYPNOS_ROOT", str(Path(__file__).parent))

    def planned_arms(sweep: Path) -> list[list[str]]:
        """What the newest start of a sweep meant to run, as Hydra itself takes it apart; a search plans nothing."""
        from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
        from hydra.core.override_parser.overrides_parser import OverridesParser

        file = sweep / "multirun.yaml"
        told = OmegaConf.load(file).hydra if file.is_file() else None
        if told is None or not told.sweeper["_target_"].endswith(".BasicSweeper"):
            return []
        words = [*(f"{key}={values}" for key, values in (told.sweeper.params or {}).items()), *told.overrides.task]
        batches = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(words), max_batch_size=None)
        return [arm for batch in batches for arm in batch]

    @hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
    def main(cfg: DictConfig) -> None:
        """Check the whole configuration, then answer, measure, judge and report."""
        hydra_config = HydraConfig.get()
        with one_line(reraise=hydra_config.mode == RunMode.MULTIRUN):
            from functools import partial

            from hydra.utils import instantiate

            from hypnos.benchmark.evaluation import run_evaluation
            from hypnos.llm.redaction import forgotten

            output = Path(hydra_config.runtime.output_dir)
            with forgotten(output):
                run_evaluation(
                    cast(dict[str, Any], OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)),
                    build=partial(instantiate, _convert_="all"),
                    output=output,
                    planned=planned_arms,
                )


if __name__ == "__main__":
    # conf/sweep is a group of train.py's; here the word names what is read, and no file of that group.
    sys.argv[1:] = [f"compare.{word}" if word.startswith("sweep=") else word for word in sys.argv[1:]]
    main()
