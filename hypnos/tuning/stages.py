"""Makes all stages of an experiment, each from the one before, each once (Fig. 1)."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from hypnos.artefacts.keys import content_key
from hypnos.artefacts.store import artefact_folder, join_making, make_once
from hypnos.errors import Pruned, UserError
from hypnos.tuning.callbacks.checkpoints import CHECKPOINTS
from hypnos.tuning.compute.architecture import check_architecture
from hypnos.tuning.distributed.notice import heeded
from hypnos.tuning.distributed.ranks import is_first_rank, is_led, leading
from hypnos.tuning.distributed.sharding import build_trainer
from hypnos.tuning.export import describe_model, read_stage
from hypnos.tuning.handoff import check_parent
from hypnos.tuning.heldout import HeldOut
from hypnos.tuning.job import Build, StageJob, counted, stage_key
from hypnos.tuning.stage import train_stage
from hypnos.tuning.tracking.guard import guard
from hypnos.tuning.tracking.tracking import Tracking, funnel_rows, keep_curves
from hypnos.workers.memory import free_memory

log = logging.getLogger(__name__)

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One model of a run, and what it achieves on held-out text.

    Attributes:
        name: `base`, `vocabulary`, or the stage's name.
        directory: where the model lies; None for the base as it came.
        measures: by name of the held-out set, the fields of `hypnos.tuning.heldout.Measure`.
        key: under which it was measured.
    """

    name: str
    directory: Path | None
    measures: Mapping[str, Mapping[str, float]]
    key: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """The tokenizer of a run, and its data in that tokenizer's tokens, ready to be read.

    Attributes:
        tokenizer: its directory.
        data: the DataModule of each stage, by the stage's name.
        held_out: the DataModules of the held-out sets, by name.
    """

    tokenizer: Path
    data: Mapping[str, Any]
    held_out: Mapping[str, Any]


class Run:
    """One experiment: a base, a vocabulary, and stages in a row."""

    def __init__(self, settings: Config, *, build: Build, artefacts: Path, output: Path) -> None:
        """Build what is cheap and check it, before anything is made.

        Args:
            settings: plain values; used are
                `model`, with `path`, `dtype` of exported weights, and `seed` for a base without weights;
                `vocabulary`, of `hypnos.vocabulary`;
                `stages`, by name, in order, each with `data`, `tuning`, `trainer` and `callbacks`;
                `heldout`, data by name on which every model of the run is measured;
                `logger`, Lightning's by name, each built anew for each stage, with the stage's name;
                `seed`, of everything random.
            build: makes an object from a config with a `_target_`.
            artefacts: folder of all artefacts.
            output: folder of this run's logs.

        Raises:
            UserError: there is no stage, or a setting or an input file is wrong.
        """
        if not settings["stages"]:
            raise UserError("stages: the experiment has none")
        self.model: Config = settings["model"]
        self.vocabulary = build(settings["vocabulary"])
        self.stages: Mapping[str, Config] = settings["stages"]
        self.logger: Mapping[str, Config] = settings["logger"]
        self.seed: int = settings["seed"]
        self.build = build
        self.artefacts = artefacts
        self.output = output
        self.data = {name: build(config["data"]) for name, config in self.stages.items()}
        held_out = {name: build(config) for name, config in settings["heldout"].items()}
        self.heldout = HeldOut(held_out, artefacts / "measures")
        for name, config in self.stages.items():
            build(config["tuning"])
            trainer = build_trainer(build, config, logger=False, default_root_dir=str(output))
            if trainer.max_epochs == trainer.max_steps == -1:
                raise UserError(f"stages.{name}.trainer: neither max_epochs nor max_steps ends the stage")
        self.vocabulary.check()
        for data in (*self.data.values(), *self.heldout.data.values()):
            data.check()

    @cached_property
    def base_key(self) -> str:
        """Key of the base as it came."""
        files = self.vocabulary.base_key(self.model["path"])
        return content_key({"files": files, "dtype": self.model["dtype"], "seed": self.model["seed"]})

    def prepare(self) -> Prepared:
        """Make the tokenizer and tokenise all data, once a run, so that no bad file surfaces after hours."""
        return self._prepared

    @cached_property
    def _prepared(self) -> Prepared:
        self._check_model()
        tokenizer = self._tokenizer(self.vocabulary)
        stages = {name: data.with_tokenizer(tokenizer) for name, data in self.data.items()}
        for name, data in stages.items():
            data.prepare_data()
            if not data.steps_per_epoch:
                raise UserError(f"stages.{name}: no record is left to train on; {_lost(data.report())}")
            shown = (name, data.steps_per_epoch, data.preview())
            log.info("stage %s: %d steps an epoch; it learns what stands in ⟦⟧:\n%s", *shown)
        return Prepared(tokenizer, stages, self.heldout.prepare(tokenizer))

    def _check_model(self) -> None:
        """See that the base has what every stage tunes; its shape alone is read.

        Raises:
            UserError: it has not.
        """
        config = self.vocabulary.read_config(self.model["path"], None)
        try:
            with torch.device("meta"):
                model = AutoModelForCausalLM.from_config(config)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"model.path {self.model['path']}: no causal language model: {reason}") from error
        data = {f"stages.{name}.data": part for name, part in self.data.items()}
        data |= {f"heldout.{name}": part for name, part in self.heldout.data.items()}
        check_architecture(model, data, base=f"model.path {self.model['path']}")
        for name, stage in self.stages.items():
            self.build(stage["tuning"]).check_model(model, where=f"stages.{name}.tuning")

    @heeded()
    def train(self) -> list[Result]:
        """Make the base, then every stage from the one before, and measure each model.

        Returns:
            The base as it came, the base with its vocabulary, and every stage.

        Raises:
            Preempted: a scheduler takes the machine back; what was made is saved.
        """
        plain = self.vocabulary.plain()
        plain_key = content_key({"base": self.base_key, "vocabulary": plain.key()})
        for config in self.stages.values():
            self.build(config["tuning"]).check()
        prepared = self.prepare()
        tokenizer = prepared.tokenizer
        path, settings = self.model["path"], {"dtype": self.model["dtype"], "seed": self.model["seed"]}

        plain_tokenizer = self._tokenizer(plain)
        base_measures = self.heldout.measure(
            plain_key, plain_tokenizer, lambda: plain.read_base(path, plain_tokenizer, **settings)
        )
        results = [Result("base", None, base_measures, plain_key)]

        parents = self._roots()
        key = content_key(parents)
        directory = artefact_folder(self.artefacts / "models", "base", key)

        def write_base(partial: Path) -> None:
            self.vocabulary.write_base(path, tokenizer, partial, **settings)
            describe_model(partial, {"name": "base", "key": key, "base": path, "parents": parents})

        if not self._make(directory, write_base):
            check_parent(directory, key=key, tokenizer=tokenizer)
        results.append(self._measured("vocabulary", key, directory, tokenizer))
        keys = self.keys()
        steps = 0
        for name, config in self.stages.items():
            parents = {**parents, f"data of {name}": content_key(self.data[name].key())}
            job = StageJob(
                name=name,
                key=keys[name],
                seed=self.seed,
                settings=config,
                parent=directory,
                parent_key=key,
                lineage=parents,
                base=path,
                tokenizer=tokenizer,
                dtype=self.model["dtype"],
                output=self.output,
            )
            tracking = Tracking(before={result.name: result.measures for result in results}, offset=steps)
            failed = True
            try:
                directory = self._stage(job, prepared, tracking)
                results.append(self._measured(name, job.key, directory, tokenizer))
                stage_steps = int(read_stage(directory)["steps"])
                data = prepared.data[name]
                tracking.end(job, results[-1].measures, directory=directory, data=data, steps=stage_steps)
                failed = False
            except Pruned:
                failed = False  # a search wanted no more of it
                raise
            finally:
                tracking.close(failed=failed)
            steps += stage_steps
            parents, key = {**parents, name: job.key}, job.key
        return results

    def keys(self) -> dict[str, str]:
        """The key of the base with its vocabulary and of every stage, before anything is made."""
        keys = {"vocabulary": content_key(self._roots())}
        key = keys["vocabulary"]
        for name, settings in self.stages.items():
            key = keys[name] = stage_key(settings, parent_key=key, data=self.data[name].key(), seed=self.seed)
        return keys

    def _roots(self) -> dict[str, str]:
        return {"base": self.base_key, "vocabulary": content_key(self.vocabulary.key())}

    def _stage(self, job: StageJob, prepared: Prepared, tracking: Tracking) -> Path:
        """Make one stage from its parent; gives its directory."""
        directory = artefact_folder(self.artefacts / "models", job.name, job.key)

        def write(partial: Path) -> None:
            data = prepared.data[job.name]
            identity = {"stage": job.name, "key": job.key, "seed": job.seed}
            identity |= {"model": dict(self.model), "parents": dict(job.lineage)}
            tracking.begin(
                [guard(self._logger(node, job.name)) for node in self.logger.values()],
                settings={**identity, **counted(job.settings), "data": data.key()},
                data=data.report(),
                tokenizer=job.tokenizer,
                held_out=prepared.held_out,
            )
            train_stage(job, partial, build=self.build, tracking=tracking)

        def lead(partial: Path) -> None:
            keep_curves(self.output / job.name)
            with leading(partial):
                write(partial)

        if is_first_rank():
            if not self._make(directory, lead, keep_partial=True):
                check_parent(directory, key=job.key, tokenizer=job.tokenizer)
            shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
        else:
            join_making(directory, write, led=is_led)
        free_memory()
        return directory

    def _measured(self, name: str, key: str, directory: Path, tokenizer: Path) -> Result:
        def read() -> PreTrainedModel:
            return AutoModelForCausalLM.from_pretrained(directory, dtype="auto")

        result = Result(name, directory, self.heldout.measure(key, tokenizer, read), key)
        free_memory()
        return result

    def _logger(self, node: Config, stage: str) -> Any:
        """Files lie in a folder of the stage's name; at a service the stage is the run's job type, the arm its name."""
        ours = str(node["_target_"]).startswith("hypnos.")
        return self.build(node, **({"job_type": stage} if ours else {"name": stage}))

    def _tokenizer(self, vocabulary: Any) -> Path:
        key = content_key({"base": vocabulary.tokenizer_key(self.model["path"]), **vocabulary.key()})
        directory = artefact_folder(self.artefacts / "vocabulary", type(vocabulary).__name__.lower(), key)
        self._make(directory, lambda d: vocabulary.write_tokenizer(self.model["path"], d), sealed=True)
        return directory

    def _make(self, directory: Path, write: Any, *, keep_partial: bool = False, sealed: bool = False) -> bool:
        made = make_once(directory, write, keep_partial=keep_partial, sealed=sealed)
        log.info("%s %s", "made" if made else "reusing", directory)
        return made


def _lost(report: Mapping[str, Any]) -> str:
    """What became of the records that are not trained on: `preferences: 16 not selected (margin below 1)`."""
    rows = [(source, count, step, reason and f" ({reason})") for source, step, reason, count in funnel_rows(report)]
    return ", ".join(f"{source}: {count} {step}{reason}" for source, count, step, reason in rows if count)
