"""The benchmark: models answer tasks, answers are measured, judged and rated, and one report compares them.

python evaluate.py models=[artefacts/models/anesthesia-fcb4b913a293f22c,answers:gpt4.jsonl] tasks=[aneqa,anecq,anerc]
"""

import sys

if __name__ == "evaluate":
    # Python looks for packages in this folder first: whoever imports the package of this name gets it all the same.
    from importlib import machinery, util
    from pathlib import Path

    _elsewhere = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).resolve().parent]
    _spec = machinery.PathFinder.find_spec("evaluate", _elsewhere)
    if _spec is None or _spec.loader is None:
        raise ModuleNotFoundError("No module named 'evaluate'", name="evaluate")
    sys.modules["evaluate"] = util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["evaluate"])
else:
    import hydra
    from omegaconf import DictConfig

    from hypnos.commands import name_sweep, planned_arms, quote, renew, start

    @hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
    def main(cfg: DictConfig) -> None:
        """Check the whole configuration, then answer, measure, judge and report; or compare the arms of a sweep."""
        with start(cfg) as job:
            if job.config["compare"]["sweep"]:
                from hypnos.experiment.sweep.compare import compare_arms

                compare_arms(job.config, build=job.build, planned=planned_arms)
            else:
                from hypnos.benchmark.evaluation import run_evaluation

                run_evaluation(job.config, build=job.build, output=job.output)

    if __name__ == "__main__":
        sys.argv[1:] = quote("evaluate.py", name_sweep(renew("evaluate.py", sys.argv[1:])))
        main()
