"""A stage in its loggers, besides its curves: what went into it, held-out text across stages, what came out."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger

from hypnos.report.wandb.artifacts import by_reference, model_artifact, records_artifact
from hypnos.tuning.tracking.loggers import show_across, show_picture, show_settings, show_table
from hypnos.tuning.tracking.wandb_logger import StageWandbLogger

Measures = Mapping[str, Mapping[str, float]]
"""By held-out set, the fields of `hypnos.tuning.heldout.Measure`."""


class Tracking:
    """One stage of a run; where the stage was made before there are no loggers, and nothing is shown."""

    def __init__(self, *, before: Mapping[str, Measures], offset: int) -> None:
        """Take what was known when the stage began.

        Args:
            before: by model of the run, in order, its measures; the stage starts from the last.
            offset: optimizer steps of the stages before it.
        """
        self.before = dict(before)
        self.offset = offset
        self.loggers: list[Logger] = []
        self.held_out: Mapping[str, Any] = {}
        """DataModules of the held-out sets, by name, ready to be read."""

    def begin(
        self,
        loggers: list[Logger],
        *,
        settings: Mapping[str, Any],
        data: Mapping[str, Any],
        tokenizer: Path,
        held_out: Mapping[str, Any],
    ) -> None:
        """Show settings, data, the vocabulary's fertility, and where held-out text stands.

        Args:
            loggers: made for this stage.
            settings: plain values.
            data: `InstructionData.report`.
            tokenizer: the run's tokenizer's directory.
            held_out: see the attribute.
        """
        self.loggers = loggers
        self.held_out = held_out
        show_settings(loggers, settings)
        fertility = _read(tokenizer / "fertility.json").get("kinds", {})
        self._log({**data_values(data), **dict(fertility_values(fertility))}, step=0)
        rows = list(funnel_rows(data))
        show_table(loggers, "data/funnel", head=("source", "step", "reason", "records"), rows=rows, step=0)
        if (tokenizer / "fertility.png").is_file():
            show_picture(loggers, "fertility", tokenizer / "fertility.png")
        self.along(_bits(self._parent()), 0)

    def along(self, bits: Mapping[str, float], step: int) -> None:
        """Show bits per character of the held-out sets, on one axis across stages."""
        self._across(_named(bits), step)

    def end(
        self,
        name: str,
        measures: Measures,
        *,
        directory: Path,
        parent: Path,
        data: Any,
        tokenizer: Path,
        steps: int,
    ) -> None:
        """Show what the stage's model achieves, what the stage forgot, and what it was made from.

        Args:
            name: of the stage.
            measures: of its model.
            directory: where it lies.
            parent: the model that it started from.
            data: the stage's DataModule.
            tokenizer: the run's tokenizer's directory.
            steps: of the stage.
        """
        if not self.loggers:
            return
        after, before = _bits(measures), _bits(self._parent())
        change = {f"forgetting/{set_}": after[set_] - before[set_] for set_ in after if set_ in before}
        self._across({**_named(after), **change}, steps)
        rows = [
            [model, set_, of["bits_per_char"], of["loss"], of["tokens_per_char"]]
            for model, sets in {**self.before, name: measures}.items()
            for set_, of in sets.items()
        ]
        head = ("model", "text", "bits_per_char", "loss", "tokens_per_char")
        show_table(self.loggers, "measures", head=head, rows=rows, step=steps)
        for logger in self.loggers:
            if isinstance(logger, StageWandbLogger):
                logger.log_lineage(used=_ingredients(parent, data, tokenizer), made=directory)

    def close(self, *, failed: bool) -> None:
        """Write what is left to write, and end what has an end."""
        for logger in self.loggers:
            if isinstance(logger, StageWandbLogger):
                logger.finish(failed=failed)
            else:
                logger.save()

    def _parent(self) -> Measures:
        return next(reversed(self.before.values()), {})

    def _across(self, values: Mapping[str, float], step: int) -> None:
        if values:
            show_across(self.loggers, values, step=step, offset=self.offset)

    def _log(self, values: Mapping[str, float], *, step: int) -> None:
        for logger in self.loggers:
            logger.log_metrics(dict(values), step=step)


def data_values(report: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a stage's data: records, the kept and the truncated share, learnt tokens of an epoch."""
    sources = list(report["sources"].values())
    kept = sum(of["records"] for of in sources)
    read = kept + sum(sum(of["unselected"].values()) for of in sources)
    documents = sum(of["documents"] for of in sources)
    return {
        "data/records": kept,
        "data/kept_share": kept / max(read, 1),
        "data/truncated_share": sum(of["truncated"] for of in sources) / max(documents, 1),
        "data/learnt_tokens_per_epoch": report["epoch"]["learnt_tokens"],
    }


def funnel_rows(report: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """What became of the records of each source: source, step, reason, and how many."""
    for name, of in report["sources"].items():
        yield from ((name, "unusable", reason, count) for reason, count in sorted(of["rejected"].items()))
        yield from ((name, "not selected", reason, count) for reason, count in sorted(of["unselected"].items()))
        yield name, "held out", "", of["held_out"]
        yield name, "trained on", "", of["records"] - of["held_out"]


def fertility_values(kinds: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[tuple[str, float]]:
    """Tokens per character of each kind of text, before the vocabulary was extended and after."""
    for kind, found in kinds.items():
        for when, of in found.items():
            yield f"fertility/{kind}_{when}", of["tokens_per_character"]


def _bits(measures: Measures) -> dict[str, float]:
    return {name: of["bits_per_char"] for name, of in measures.items() if of["tokens"]}


def _named(bits: Mapping[str, float]) -> dict[str, float]:
    return {f"heldout/{name}_bits_per_char": value for name, value in bits.items()}


def _ingredients(parent: Path, data: Any, tokenizer: Path) -> Iterator[Any]:
    yield model_artifact(parent)
    yield by_reference(data.directory, type="dataset", metadata=data_values(data.report()))
    shown = [file for file in (tokenizer / "fertility.json",) if file.is_file()]
    yield by_reference(tokenizer, type="vocabulary", files=shown)
    for source in data.sources.values():
        if Path(source.path).exists():  # and not on a hub
            yield records_artifact(Path(source.path))


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def keep_curves(folder: Path) -> None:
    """Set aside what an earlier try logged, as `metrics-1.csv` and so on; readers join the files by step."""
    newest = folder / "metrics.csv"
    if newest.is_file():
        number = 1 + sum(1 for _ in folder.glob("metrics-*.csv"))
        newest.rename(folder / f"metrics-{number}.csv")
