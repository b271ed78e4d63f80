"""The claim sheet, the first section of docs/results.md, and the tables behind it."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.evidence.measured import Table
from bench.evidence.verdict import WRONG, Finding

BEGIN = "<!-- The claim sheet: from here on written by `python -m bench.evidence`. -->"
END = "<!-- Up to here the claim sheet. -->"

Part = tuple[Mapping[str, Any], Mapping[str, Sequence[Finding]]]
"""The settings of some claims, and what came of them, by the base that was trained; "" where the settings tell it."""


def write_page(path: Path, parts: Iterable[Part], tables: Sequence[Table]) -> None:
    """Put the sheet below the page's opening, in the place of an earlier one."""
    page = path.read_text("utf-8") if path.is_file() else "# Results\n"
    before, mark, rest = page.partition(BEGIN)
    if mark:
        after = rest.partition(END)[2]
    else:
        before, heading, after = page.partition("\n## ")
        after = heading + after
    section = "\n\n".join([BEGIN, _sheet(list(parts)), *map(_table, tables), END])
    path.write_text(f"{before.strip()}\n\n{section}\n\n{after.strip()}\n", "utf-8", newline="\n")


def _sheet(parts: Sequence[Part]) -> str:
    """A row a claim, none left out."""
    head = ["what the paper says", "what was tried", "effect, 95 % interval", "seeds", "verdict", "command"]
    rows = [
        row
        for settings, found in parts
        for name, claim in settings["claims"].items()
        for row in _rows(name, claim, found)
    ]
    note = f"""
    A verdict is made by code, from a bound that stands in `bench/evidence/settings/` beside what is tried: the interval
    lies whole on the claim's side of it (supported), whole on the other (not supported), or neither (undecided). The
    interval of the verdict is wider than the one shown: all verdicts of one file of settings on one base together
    are wrong in {100 * WRONG:.0f} % of cases at most (Bonferroni). Intervals without seeds are over questions alone:
    these models, this judge, other questions. What is not tried yet is trained by the command beside it, on
    stories15M, or with `--size smollm2 --base <folder>` on SmolLM2-135M; it stops and goes on.
    """
    return "\n\n".join(["## The claim sheet", _grid(head, rows), textwrap.fill(" ".join(note.split()), 118)])


def _rows(name: str, claim: Mapping[str, Any], found: Mapping[str, Sequence[Finding]]) -> Iterator[list[str]]:
    """A row for each base on which the claim was tried; one row where it was tried on none."""
    command = f"`{claim.get('command', 'python -m bench.evidence')}`"
    tried = {base: finding for base, several in found.items() for finding in several if finding.name == name}
    for base, finding in tried.items():
        shown, side = finding.shown, "above" if claim["better"] == "higher" else "below"
        effect = (
            f"{shown.value:+.3f} [{shown.low:+.3f}, {shown.high:+.3f}] {claim['unit']}; supported {side}"
            f" {float(claim['bound']):g}"
        )
        seeds = str(finding.seeds) if finding.seeds else "nothing trained"
        told = f"{claim['tried']} ({base})" if base else claim["tried"]
        yield [claim["paper"], told, effect, seeds, f"**{finding.verdict(claim)}**", command]
    if not tried:
        yield [claim["paper"], claim["tried"], "", "", "not tried yet", command]


def _table(table: Table) -> str:
    title, head, rows = table
    return f"### {title}\n\n{_grid(head, rows)}"


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
