"""All stages of an experiment, each from the one before, each made once (Fig. 1)."""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM

from hypnos.corpus.artefacts import make_once, place
from hypnos.corpus.errors import UserError
from hypnos.corpus.keys import content_key
from hypnos.tuning.measure import measure
from hypnos.tuning.stage import VERSION, Build, counted, train_stage

log = logging.getLogger(__name__)

Config = Mapping[str, Any]

MEASURES = "measure.json"


@dataclass(frozen=True, slots=True)
class Result:
    """What a model of the run achieves on held-out text.

    Attributes:
        name: `base`, `vocabulary`, or the stage's name.
        directory: where the model lies; None for the base as it came.
        measures: by name of the held-out set, the fields of `hypnos.tuning.measure.Measure`.
    """

    name: str
    directory: Path | None
    measures: Mapping[str, Mapping[str, float]]


class Run:
    """One experiment: a base, a vocabulary, and stages in a row."""

    def __init__(
        self,
        *,
        model: Config,
        vocabulary: Config,
        stages: Mapping[str, Config],
        heldout: Mapping[str, Config],
        logger: Mapping[str, Config],
        build: Build,
        artefacts: Path,
        output: Path,
        seed: int,
    ) -> None:
        """Build what is cheap and check it, before anything is made.

        Args:
            model: `path`, `dtype` of exported weights, and `seed` for a base without weights.
            vocabulary: of `hypnos.vocabulary`.
            stages: by name, in order; each has `data`, `tuning`, `trainer` and `callbacks`.
            heldout: data on which every model of the run is measured.
            logger: Lightning loggers by name; each is built anew for each stage, with the stage's name.
            build: makes an object from a config with a `_target_`.
            artefacts: folder of all artefacts.
            output: folder of this run's logs.
            seed: of everything random.

        Raises:
            UserError: there is no stage, or a setting or an input file is wrong.
        """
        if not stages:
            raise UserError("stages: the experiment has none")
        self.model = model
        self.vocabulary = build(vocabulary)
        self.stages = stages
        self.logger = logger
        self.build = build
        self.artefacts = artefacts
        self.output = output
        self.seed = seed
        self.heldout = {name: build(config) for name, config in heldout.items()}
        self.data = {name: build(config["data"]) for name, config in stages.items()}
        for config in stages.values():
            build(config["tuning"])
        self.vocabulary.check()
        for data in (*self.data.values(), *self.heldout.values()):
            data.check()
        self.base_key = content_key(
            {"files": self.vocabulary.base_key(model["path"]), "dtype": model["dtype"], "seed": model["seed"]}
        )

    def prepare(self) -> Path:
        """Make the tokenizer and tokenise the data of every stage, so that no bad file surfaces after hours.

        Returns:
            The tokenizer's directory.
        """
        tokenizer = self._tokenizer(self.vocabulary)
        for data in (*self.data.values(), *self.heldout.values()):
            data.use_tokenizer(tokenizer)
            data.prepare_data()
            data.setup()
        for name, data in self.data.items():
            log.info("stage %s learns what stands in ⟦⟧:\n%s", name, data.preview())
        return tokenizer

    def train(self) -> list[Result]:
        """Make the base, then every stage from the one before, and measure each model.

        Returns:
            The base as it came, the base with its vocabulary, and every stage.
        """
        tokenizer = self.prepare()
        results = [self._measure_plain_base()]
        parents = {"base": self.base_key, "vocabulary": content_key(self.vocabulary.key())}
        key = content_key(parents)
        directory = place(self.artefacts / "models", "base", key)
        settings = {"dtype": self.model["dtype"], "seed": self.model["seed"]}
        self._make(directory, lambda d: self.vocabulary.write_base(self.model["path"], tokenizer, d, **settings))
        results.append(self._measure("vocabulary", key, directory))
        for name, config in self.stages.items():
            parent, parent_key = directory, key
            data_key = content_key(self.data[name].key())
            key = content_key(
                {"version": VERSION, "parent": parent_key, "data": data_key, "seed": self.seed, **counted(config)}
            )
            directory = place(self.artefacts / "models", name, key)
            parents = {**parents, f"data of {name}": data_key}
            self._make(
                directory,
                lambda d, name=name, config=config, key=key, parent=parent, parents=parents: train_stage(
                    d,
                    name=name,
                    key=key,
                    config=config,
                    build=self.build,
                    loggers=[self.build(node, name=name) for node in self.logger.values()],
                    parent=parent,
                    parents=parents,
                    base=self.model["path"],
                    tokenizer=tokenizer,
                    dtype=self.model["dtype"],
                    seed=self.seed,
                    output=self.output,
                ),
                keep_partial=True,
            )
            shutil.rmtree(directory / "checkpoints", ignore_errors=True)
            parents = {**parents, name: key}
            results.append(self._measure(name, key, directory))
        return results

    def _make(self, directory: Path, write: Any, *, keep_partial: bool = False) -> None:
        made = make_once(directory, write, keep_partial=keep_partial)
        log.info("%s %s", "made" if made else "reusing", directory)

    def _tokenizer(self, vocabulary: Any) -> Path:
        key = content_key({"base": self.base_key, **vocabulary.key()})
        directory = place(self.artefacts / "vocabulary", type(vocabulary).__name__.lower(), key)
        self._make(directory, lambda d: vocabulary.write_tokenizer(self.model["path"], d))
        return directory

    def _measure_plain_base(self) -> Result:
        plain = self.vocabulary.plain()
        tokenizer = self._tokenizer(plain)
        settings = {"dtype": self.model["dtype"], "seed": self.model["seed"]}
        key = content_key({"base": self.base_key, "vocabulary": plain.key()})
        measures = self._measures(key, tokenizer, lambda: plain.read_base(self.model["path"], tokenizer, **settings))
        for data in self.heldout.values():
            data.use_tokenizer(self._tokenizer(self.vocabulary))
        return Result("base", None, measures)

    def _measure(self, name: str, key: str, directory: Path) -> Result:
        measures = self._measures(
            key,
            self._tokenizer(self.vocabulary),
            lambda: AutoModelForCausalLM.from_pretrained(directory, dtype="auto"),
        )
        return Result(name, directory, measures)

    def _measures(self, key: str, tokenizer: Path, read: Any) -> dict[str, Any]:
        """Measure a model on every held-out set, unless that was done before."""
        whole = content_key({"model": key, "data": {name: data.key() for name, data in self.heldout.items()}})
        directory = place(self.artefacts / "measures", "measure", whole)

        def write(partial: Path) -> None:
            model = read()
            found = {}
            for name, data in self.heldout.items():
                data.use_tokenizer(tokenizer)
                data.prepare_data()
                data.setup()
                found[name] = measure(model, data.val_dataloader()).as_dict()
            (partial / MEASURES).write_text(json.dumps(found, indent=1), "utf-8")

        make_once(directory, write)
        return json.loads((directory / MEASURES).read_text("utf-8"))
