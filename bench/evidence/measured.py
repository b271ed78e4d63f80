"""What came of each sweep, kept in `results/<size>.json`: the sheet can be written anew without the sweeps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.evidence.arms import NEEDS
from bench.evidence.verdict import Finding
from hypnos.artefacts.keys import content_key
from hypnos.errors import UserError
from hypnos.report.statistics.intervals import Interval

NOT_OF_FIGURES = ("name", "options", "seeds", "rates")

FOLDER = Path(__file__).parent / "results"

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, head and rows."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Findings about one sweep, its tables, and what names the settings they were measured under."""

    findings: Sequence[Finding]
    tables: Sequence[Table]
    settings: str

    @property
    def seeds(self) -> int:
        return min((finding.seeds for finding in self.findings), default=0)

    def is_more_than(self, other: "Measured") -> bool:
        """Whether it is of the same settings, and rests on more seeds or tells of more claims."""
        return self.settings == other.settings and (self.seeds, len(self.findings)) > (other.seeds, len(other.findings))


def settings_key(settings: Mapping[str, Any], rates: Mapping[str, float], size: str, sweep: str) -> str:
    """Names all that a sweep's figures depend on, but for its seeds: numbers of the base, shared settings, rates."""
    shared = {name: value for name, value in settings.items() if name not in ("bases", "claims")}
    numbers = {name: value for name, value in settings["bases"][size].items() if name not in NOT_OF_FIGURES}
    of_stages = {name: rates.get(name) for name in NEEDS.get(sweep, ())}
    return content_key({"shared": shared, "numbers": numbers, "rates": of_stages})[:16]


def keep_measured(size: str, measured: Mapping[str, Measured], folder: Path = FOLDER) -> None:
    """Add what was measured now to what is kept, unless that is of the same settings and more of it.

    Args:
        size: of the study, by which the file is named.
        measured: by sweep.
        folder: where the file lies.

    Raises:
        UserError: the file is of another version of the study.
    """
    kept = read_measured(size, folder)
    newer = {name: one for name, one in measured.items() if name not in kept or not kept[name].is_more_than(one)}
    if newer:
        folder.mkdir(parents=True, exist_ok=True)
        rows = {name: asdict(one) for name, one in sorted({**kept, **newer}.items())}
        (folder / f"{size}.json").write_text(
            json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8", newline="\n"
        )


def read_measured(size: str, folder: Path = FOLDER) -> dict[str, Measured]:
    """What is kept of a size, by sweep.

    Raises:
        UserError: the file is of another version of the study.
    """
    file = folder / f"{size}.json"
    if not file.is_file():
        return {}
    try:
        rows = json.loads(file.read_text("utf-8"))
        return {
            name: Measured([_finding(one) for one in row["findings"]], row["tables"], row["settings"])
            for name, row in rows.items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: not results of this version of the study: {error}") from None


def _finding(row: Mapping[str, object]) -> Finding:
    return Finding(**{**row, "shown": Interval(**row["shown"])})  # type: ignore[arg-type]
