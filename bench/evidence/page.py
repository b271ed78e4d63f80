"""The claim sheet, the first section of docs/results.md, and the tables behind it."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.evidence.measured import Table
from bench.evidence.verdict import WRONG, Finding, judge_claims
from hypnos.report.statistics.paired_tests import write_p

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
    rows = [row for settings, found in parts for row in _rows(settings, found)]
    note = f"""
    A verdict is made by code, from a bound that stands in `bench/evidence/settings/` beside what is tried: an effect
    beyond it that chance does not explain is supported, one on the other side of it is not supported, and else nothing
    is decided. The p in brackets is two-sided, of an effect that is equal to the bound, corrected by Holm over all
    claims of one file of settings on one base, tried or not: any of their verdicts is wrong in {100 * WRONG:.0f} % of
    cases at most. Earlier versions of this page corrected by Bonferroni. Intervals are not corrected. Bounds of the
    rows that `python -m bench.study` measures were chosen after its figures, all others before. Intervals without seeds
    are over questions alone: these models, this judge, other questions. Rates that are not written down yet are chosen
    first, on pairs and papers that no table shows (`--rates`). Rows of `bench.study` come into the sheet by
    `python -m bench.evidence`. What is not tried yet is trained by the command beside it, on stories15M, or with
    `--size smollm2 --base <folder>` on SmolLM2-135M; it stops and goes on. {_untried(parts)}
    """
    return "\n\n".join(["## The claim sheet", _grid(head, rows), textwrap.fill(" ".join(note.split()), 118)])


def _rows(settings: Mapping[str, Any], found: Mapping[str, Sequence[Finding]]) -> Iterator[list[str]]:
    """For each claim a row for each base on which any was tried; one row where none was."""
    claims = settings["claims"]
    options = _options(settings)
    verdicts = {base: judge_claims(claims, findings) for base, findings in found.items() if findings}
    for name, claim in claims.items():
        command = claim.get("command", "python -m bench.evidence")
        for base in verdicts or [""]:
            told = f"{claim['tried']} ({base})" if base else claim["tried"]
            of_base = f"`{command} {options.get(base, '')}".rstrip() + "`"
            finding = next((one for one in found.get(base, ()) if one.name == name), None)
            if finding is None:
                yield [claim["paper"], told, "", "", "not tried yet", of_base]
                continue
            shown, side = finding.shown, "above" if claim["better"] == "higher" else "below"
            effect = (
                f"{shown.value:+.3f} [{shown.low:+.3f}, {shown.high:+.3f}] {claim['unit']}; supported {side}"
                f" {float(claim['bound']):g}"
            )
            seeds = str(finding.seeds) if finding.seeds else "nothing trained"
            verdict, p = verdicts[base][name]
            yield [claim["paper"], told, effect, seeds, f"**{verdict}** (p {write_p(p)})", of_base]


def _untried(parts: Sequence[Part]) -> str:
    """Names the bases on which nothing was tried."""
    untried = [
        f"{base} (`{_options(settings).get(base) or '--size small'}`)"
        for settings, found in parts
        for base, findings in found.items()
        if base and not findings
    ]
    return f"Nothing was tried yet on {', '.join(untried)}." if untried else ""


def _options(settings: Mapping[str, Any]) -> dict[str, str]:
    """By base, what the command that trains on it says besides."""
    return {numbers["name"]: numbers["options"] for numbers in settings.get("bases", {}).values()}


def _table(table: Table) -> str:
    title, head, rows = table
    return f"### {title}\n\n{_grid(head, rows)}"


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
