"""Sends the funnel to a board: tables and files, and records only where that is asked for too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hypnos.errors import UserError
from hypnos.report.boards.board import Account
from hypnos.report.lineage import Ingredient


@dataclass(kw_only=True)
class FunnelAccount(Account):
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
            name: of the files together.

        Raises:
            UserError: a record that must not leave the machine is among those asked for.
        """
        if self.records:
            check_may_leave(kept)
        reasons = [[e["step"], reason, n] for e in funnel for reason, n in sorted(e["rejected"].items())]
        steps = [[e["step"], e["in"], e["out"]] for e in funnel]
        tables = {
            "funnel": [["step", "in", "out"], *steps],
            "rejected": [["step", "reason", "count"], *reasons],
            "scores": [["scorer", "author", "aspect", "value", "count"], *map(list, _scores(funnel))],
        }
        pictures = {f"figures/{file.stem}": (file, file.stem) for file in files if file.suffix == ".png"}
        with self.board("filter", name=name, config={"steps": [entry["step"] for entry in funnel]}) as board:
            board.show(tables=tables, pictures=pictures)
            board.keep(name, [*files, *([kept] if self.records else [])], kind="funnel")
            board.trace(used=(), made=[Ingredient(kind="records", path=kept.parent)])


def check_may_leave(records: Path) -> None:
    """Refuse records that must stay on the machine.

    Raises:
        UserError: names the first.
    """
    with records.open("rb") as stream:
        for line in stream:
            row = orjson.loads(line)
            if row.get("egress", "any") != "any":
                raise UserError(f"record {row.get('id')}: egress is {row['egress']}: not sent, and nothing else either")


def _scores(funnel: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for entry in funnel:
        for scorer, authors in entry["notes"].get("distribution", {}).items():
            for author, aspects in authors.items():
                for aspect, values in aspects.items():
                    for value, count in values.items():
                        yield scorer, author, aspect, float(value), count
