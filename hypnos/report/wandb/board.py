"""A run at Weights & Biases as a board: tables, pictures and numbers of it, files and lineage as artifacts."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.report.boards.board import Account, Board, Picture, Rows
from hypnos.report.lineage import Ingredient
from hypnos.report.wandb.artifacts import to_artifact, use
from hypnos.report.wandb.run import WandbAccount


class WandbBoard(Board):
    """A run at W&B."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def show(self, *, tables: Mapping[str, Rows], pictures: Mapping[str, Picture]) -> None:
        import wandb

        shown = {
            name: wandb.Table(columns=list(rows[0]), data=list(map(list, rows[1:]))) for name, rows in tables.items()
        }
        self.run.log(shown | {name: wandb.Image(str(file), caption=title) for name, (file, title) in pictures.items()})

    def chart(self, name: str, rows: Rows, *, fields: Mapping[str, str], title: str) -> None:
        import wandb

        table = wandb.Table(columns=list(rows[0]), data=list(map(list, rows[1:])))
        self.run.log({name: wandb.plot.line(table, **fields, title=title)})  # type: ignore[arg-type]

    def summarise(self, values: Mapping[str, float]) -> None:
        self.run.summary.update(dict(values))

    def keep(self, name: str, files: Iterable[Path], *, kind: str) -> None:
        import wandb

        artifact = wandb.Artifact(name, type=kind)
        for file in files:
            artifact.add_file(str(file))
        self.run.log_artifact(artifact)

    def trace(self, *, used: Iterable[Ingredient], made: Iterable[Ingredient]) -> None:
        for one in used:
            use(self.run, to_artifact(one))
        for one in made:
            self.run.log_artifact(to_artifact(one))


@dataclass(kw_only=True)
class WandbService(WandbAccount, Account):
    """A project at W&B whose runs are boards."""

    @contextmanager
    def board(
        self, job_type: str, *, config: Mapping[str, Any], name: str | None = None, group: str | None = None
    ) -> Iterator[Board]:
        with self.run(job_type, config=config, name=name, group=group) as run:
            yield WandbBoard(run)
