"""Shows a stage in its loggers: what went into it, held-out text across stages, what came out.

Its curves Lightning logs itself; `keep_curves` sets those of an earlier try aside.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger

from hypnos.report.lineage import Ingredient
from hypnos.tuning.job import StageJob
from hypnos.tuning.tracking.loggers import show_across, show_picture, show_settings, show_table
from hypnos.tuning.tracking.stage_board import StageBoard

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

    def end(self, job: StageJob, measures: Measures, *, directory: Path, data: Any, steps: int) -> None:
        """Show what the stage's model achieves, what the stage forgot, and what it was made from.

        Args:
            job: what the stage was made from.
            measures: of its model.
            directory: where it lies.
            data: the stage's DataModule, prepared.
            steps: of the stage.
        """
        if not self.loggers:
            return
        after, before = _bits(measures), _bits(self._parent())
        change = {f"forgetting/{name}": after[name] - before[name] for name in after if name in before}
        self._across({**_named(after), **change}, steps)
        rows = [
            [model, name, measure["bits_per_char"], measure["loss"], measure["tokens_per_char"]]
            for model, sets in {**self.before, job.name: measures}.items()
            for name, measure in sets.items()
            if measure["tokens"]  # else nothing was measured, and 0 bits would look like the best
        ]
        head = ("model", "text", "bits_per_char", "loss", "tokens_per_char")
        show_table(self.loggers, "measures", head=head, rows=rows, step=steps)
        for logger in self.loggers:
            if isinstance(logger, StageBoard):
                logger.log_lineage(used=_ingredients(job, data), model=directory)

    def close(self, *, failed: bool) -> None:
        """Write what is left to write, and end what has an end."""
        for logger in self.loggers:
            if isinstance(logger, StageBoard):
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
    """Numbers of a stage's data: records, the kept and the truncated share, tokens of an epoch's loss mask."""
    sources = list(report["sources"].values())
    kept = sum(source["records"] for source in sources)
    read = kept + sum(sum(source["unselected"].values()) for source in sources)
    documents = sum(source["documents"] for source in sources)
    return {
        "data/records": kept,
        "data/kept_share": kept / max(read, 1),
        "data/truncated_share": sum(source["truncated"] for source in sources) / max(documents, 1),
        "data/learnt_tokens_per_epoch": report["epoch"]["learnt_tokens"],
    }


def funnel_rows(report: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """What became of the records of each source: source, step, reason, and how many."""
    for name, counts in report["sources"].items():
        yield from ((name, "unusable", reason, count) for reason, count in sorted(counts["rejected"].items()))
        yield from ((name, "not selected", reason, count) for reason, count in sorted(counts["unselected"].items()))
        yield name, "held out", "", counts["held_out"]
        yield name, "trained on", "", counts["records"] - counts["held_out"]


def fertility_values(kinds: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[tuple[str, float]]:
    """Tokens per character of each kind of text, before the vocabulary was extended and after."""
    for kind, times in kinds.items():
        for when, figures in times.items():
            yield f"fertility/{kind}_{when}", figures["tokens_per_character"]


def _bits(measures: Measures) -> dict[str, float]:
    return {name: measure["bits_per_char"] for name, measure in measures.items() if measure["tokens"]}


def _named(bits: Mapping[str, float]) -> dict[str, float]:
    return {f"heldout/{name}_bits_per_char": value for name, value in bits.items()}


def _ingredients(job: StageJob, data: Any) -> Iterator[Ingredient]:
    yield Ingredient(kind="model", path=job.parent)
    yield Ingredient(kind="dataset", path=data.directory, metadata=data_values(data.report()))
    shown = tuple(file for file in (job.tokenizer / "fertility.json",) if file.is_file())
    yield Ingredient(kind="vocabulary", path=job.tokenizer, files=shown)
    for source in data.sources.values():
        if Path(source.path).exists():  # and not on a hub
            yield Ingredient(kind="records", path=Path(source.path))


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def keep_curves(folder: Path) -> None:
    """Set aside what an earlier try logged, as `metrics-1.csv` and so on; readers join the files by step."""
    newest = folder / "metrics.csv"
    if newest.is_file():
        number = 1 + sum(1 for _ in folder.glob("metrics-*.csv"))
        newest.rename(folder / f"metrics-{number}.csv")
