"""What came of each sweep, kept in `results/<size>.json`: the sheet can be written anew without the sweeps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.evidence.verdict import Finding
from hypnos.errors import UserError
from hypnos.report.statistics.intervals import Interval

FOLDER = Path(__file__).parent / "results"

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, head and rows."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Findings about one sweep, and its tables."""

    findings: Sequence[Finding]
    tables: Sequence[Table]

    @property
    def seeds(self) -> int:
        return min((finding.seeds for finding in self.findings), default=0)


def keep_measured(size: str, measured: Mapping[str, Measured], folder: Path = FOLDER) -> None:
    """Add what was measured now to what is kept, unless it rests on fewer seeds.

    Args:
        size: of the study, by which the file is named.
        measured: by sweep.
        folder: where the file lies.

    Raises:
        UserError: the file is of another version of the study.
    """
    kept = read_measured(size, folder)
    newer = {name: one for name, one in measured.items() if name not in kept or one.seeds >= kept[name].seeds}
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
        return {name: Measured([_finding(one) for one in row["findings"]], row["tables"]) for name, row in rows.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: not results of this version of the study: {error}") from None


def _finding(row: Mapping[str, object]) -> Finding:
    return Finding(**{**row, "shown": Interval(**row["shown"])})  # type: ignore[arg-type]
