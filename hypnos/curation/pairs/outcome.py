"""Writes the pairs of a run beside its records, and lays out what became of the questions answered twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import file_key
from hypnos.curation.funnel import make_funnel
from hypnos.curation.pairs.preferences import Pairing, Pairs
from hypnos.curation.pipeline.rows import to_line
from hypnos.curation.pipeline.run_steps import KEPT, REJECTED, StepArtefact

PREFERENCES = "preferences.jsonl"
"""Name of the file of pairs."""


@dataclass(frozen=True, slots=True)
class PairSteps:
    """What pairs are made of.

    Attributes:
        scored: the records with their scores.
        finished: the steps of the second answers, the last of which scored them.
        pairing: what a pair must show.
    """

    scored: StepArtefact
    finished: Sequence[StepArtefact]
    pairing: Pairing

    def key(self) -> dict[str, Any]:
        """Everything that decides what is written, beside the records."""
        steps = [file_key(step.directory / name) for step in self.finished for name in (KEPT, REJECTED)]
        scored = file_key(self.scored.directory / KEPT)
        return {"scored": scored, "steps": steps, "funnel": make_funnel(self.finished), "pairing": self.pairing.key()}

    def write(self, path: Path) -> dict[str, Any]:
        """Write the pairs, a line each; returns the steps' funnel and the counts of the pairs."""
        pairs = Pairs(self.scored.kept, self.finished[-1].kept, self.pairing)
        with path.open("wb") as stream:
            for pair in pairs:
                stream.write(to_line(pair))
        return {"funnel": make_funnel(self.finished), **pairs.plain()}


def pair_rows(pairs: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows: how many pairs there are and why others are none, whose answers were chosen, who is lenient."""
    count = pairs["pairs"]
    rows = [["questions answered twice, both scored", f"{pairs['questions answered twice']:,}"]]
    left_out = sorted(pairs["left_out"].items(), key=lambda reason: (-reason[1], reason[0]))
    rows += [[f"  {reason}", f"-{number:,}"] for reason, number in left_out]
    rows.append(["pairs", f"{count:,}"])
    rows += [[f"  chosen: by {author}", f"{number:,}"] for author, number in sorted(pairs["chosen_by"].items())]
    rows.append(["  chosen: the longer answer", f"{pairs['chosen is longer']:,}"])
    leniency = pairs["leniency"]
    rows.append(["records that several scored", f"{leniency['records']:,}"])
    rows += [[f"  {scorer}: lenient by", f"{value:+.2f}"] for scorer, value in sorted(leniency["by_scorer"].items())]
    if leniency["by_scorer"]:
        rows.append(["  grades added to what one wrote oneself", f"{leniency['self_preference']:+.2f}"])
    return ["preference pairs", ""], rows
