"""Builds and checks everything that an evaluation needs, before anything is answered."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.config_check import bind_targets
from hypnos.artefacts.value_check import check_table
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.answerers.lineup import Build, line_up
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.served_model import ServedModel
from hypnos.benchmark.inference.generate import Sampling
from hypnos.benchmark.judge.judge import Judge
from hypnos.benchmark.model_on_task import choose_request_types, read_tasks
from hypnos.benchmark.predictions import RequestType
from hypnos.benchmark.raters.run import Ratings
from hypnos.benchmark.raters.study import Study
from hypnos.benchmark.settings import KEYS
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.engine.vllm import Vllm
from hypnos.specialty.folder import Specialty, find_specialty, read_specialty

log = logging.getLogger(__name__)

JUDGE = f"{Judge.__module__}.{Judge.__name__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Tasks, models, judges and raters, built and checked: nothing has been answered yet.

    Attributes:
        request_types: by model and task.
        study: how sheets for raters are made; None for no sheets.
        ratings: the files that raters filled in.
        artefacts: folder of what is kept between runs.
    """

    tasks: Sequence[Task]
    answerers: Sequence[Answerer]
    request_types: Mapping[tuple[str, str], Sequence[RequestType]]
    judges: Sequence[Judge]
    study: Study | None
    ratings: Ratings
    specialty: Specialty
    client: Client
    artefacts: Path


def prepare(config: Mapping[str, Any], *, build: Build) -> Evaluation:
    """Build tasks, models, judges and raters, and check that they fit.

    Raises:
        UserError: it does not.
    """
    check_configuration(config)
    judges = judge_configs(config["judges"], config["judging"])
    tasks = read_tasks(config["tasks"], build=build)
    answerers = line_up(
        config["models"],
        config["baselines"],
        entries=config["entries"],
        build=build,
        outputs=Path(config["paths"]["outputs"]),
    )
    _tell_unsent(config["sampling"], answerers)
    if config["engine"]:
        answerers = [_served(answerer, config, build) for answerer in answerers]
    _check_names(config["judging"]["against"], [answerer.name for answerer in answerers])
    request_types = {
        (answerer.name, task.name): choose_request_types(answerer, task, config["likelihood"])
        for answerer in answerers
        for task in tasks
    }
    for answerer in answerers:
        answerer.check(tasks)
    return Evaluation(
        tasks=tasks,
        answerers=answerers,
        request_types=request_types,
        judges=[build(judge) for judge in judges.values()],
        study=build(config["raters"]) if config["raters"] else None,
        ratings=Ratings(**config["ratings"]),
        specialty=read_specialty(find_specialty(config["specialty"], Path(config["paths"]["root"]))),
        client=build(config["client"]),
        artefacts=Path(config["paths"]["artefacts"]),
    )


def _tell_unsent(sampling: Mapping[str, Any], answerers: Sequence[Answerer]) -> None:
    """Warn of what is asked of draws and is not sent to models behind an address: not all of them take it."""
    for answerer in answerers:
        if isinstance(answerer, ChatAnswers):
            for name in ("temperature", "top_p", "seed"):
                asked = sampling[name] != getattr(Sampling(), name)
                if asked and answerer.chat.parameters.get(name) != sampling[name]:
                    line = "sampling.%s=%s is not sent to %s: set it in parameters of its entry or baseline"
                    log.warning(line, name, sampling[name], answerer.name)


def _check_names(against: Sequence[str], models: Sequence[str]) -> None:
    if unknown := [name for name in against if name not in models]:
        raise UserError(f"judging.against: no model is called {', '.join(unknown)}; these are: {', '.join(models)}")


def _served(answerer: Answerer, config: Mapping[str, Any], build: Build) -> Answerer:
    """A local model behind the engine that is asked for; any other model as it is."""
    if not isinstance(answerer, LocalModel):
        return answerer
    engine = build(config["engine"])
    if not isinstance(engine, Vllm):
        raise UserError("engine: answers for no model; know engine=vllm")
    engine.check()
    return ServedModel(
        local=answerer,
        engine=engine,
        client=build(config["client"]),
        templates=Path(config["paths"]["artefacts"]) / "templates",
    )


def check_configuration(config: Mapping[str, Any]) -> None:
    """Find a misspelt or missing key, and a value of a wrong type or range anywhere, before anything is made.

    Raises:
        UserError: naming the key.
    """
    check_table(config, KEYS)
    asked = {name: value for name, value in config["judging"].items() if name != "parameters"}
    ordered = dict(sorted(config.items(), key=lambda part: part[0] in ("client", "baselines", "entries")))
    bind_targets({**ordered, "judging": {"_target_": JUDGE, "_partial_": True, **asked}})


def judge_configs(models: Mapping[str, Any], judging: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Configs of judges: every chosen model, asked as `judging` says.

    Its `parameters` are left out: they stand in the models already, as files of `conf/llm` take them from there.
    """
    settings = {name: value for name, value in judging.items() if name != "parameters"}
    return {name: {"_target_": JUDGE, **settings, "model": model} for name, model in models.items() if model}
