"""Sends the funnel to Weights & Biases: tables and an artifact, and records only where that is asked for too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hypnos.errors import UserError
from hypnos.report.wandb.artifacts import records_artifact
from hypnos.report.wandb.run import WandbAccount


@dataclass(kw_only=True)
class WandbFunnel(WandbAccount):
    """Publishes a funnel.

    Attributes:
        records: also send the kept records. A record with `egress: local` among them stops it.
    """

    records: bool = False

    def publish(self, funnel: Sequence[Mapping[str, Any]], *, files: Sequence[Path], kept: Path, name: str) -> None:
        """Send the counts, the scores' distributions and the files.

        Args:
            funnel: by step.
            files: JSON and pictures of the funnel; they hold counts, no record.
            kept: the kept records.
            name: of the artifact.

        Raises:
            UserError: a record that must not leave the machine is among those asked for.
        """
        if self.records:
            check_may_leave(kept)
        with self.run("filter", name=name, config={"steps": [entry["step"] for entry in funnel]}) as run:
            import wandb

            reasons = [[e["step"], reason, n] for e in funnel for reason, n in sorted(e["rejected"].items())]
            steps = [[e["step"], e["in"], e["out"]] for e in funnel]
            scores = list(map(list, _scores(funnel)))
            run.log({
                "funnel": wandb.Table(columns=["step", "in", "out"], data=steps),
                "rejected": wandb.Table(columns=["step", "reason", "count"], data=reasons),
                "scores": wandb.Table(columns=["scorer", "author", "aspect", "value", "count"], data=scores),
                **{f"figures/{f.stem}": wandb.Image(str(f)) for f in files if f.suffix == ".png"},
            })  # fmt: skip
            artifact = wandb.Artifact(name, type="funnel")
            for file in (*files, *([kept] if self.records else [])):
                artifact.add_file(str(file))
            run.log_artifact(artifact)
            run.log_artifact(records_artifact(kept.parent))


def check_may_leave(records: Path) -> None:
    """Refuse records that must stay on the machine.

    Raises:
        UserError: names the first.
    """
    with records.open("rb") as stream:
        for line in stream:
            row = orjson.loads(line)
            if row.get("egress", "any") != "any":
                raise UserError(
                    f"record {row.get('id')}: egress is {row['egress']}: not sent to W&B, and nothing else either"
                )


def _scores(funnel: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for entry in funnel:
        for scorer, authors in entry["notes"].get("distribution", {}).items():
            for author, aspects in authors.items():
                for aspect, values in aspects.items():
                    for value, count in values.items():
                        yield scorer, author, aspect, float(value), count
