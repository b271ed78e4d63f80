"""Select: the policy over stored scores decides who is kept (Fig. 2, step 4). Asks nobody."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypnos.corpus.selected import select_lines
from hypnos.corpus.selection import Selection


@dataclass(slots=True)
class Select:
    """The step `select`; another threshold reads the same scores again."""

    selection: Selection
    name: str = field(default="select", init=False)

    def key(self) -> dict[str, Any]:
        return self.selection.key()

    def run(self, rows: Iterable[dict[str, Any]], reject: Callable[[dict[str, Any], str], None]) -> Iterator[dict]:
        """Yields what passes. The pipeline uses `divide`, which leaves lines as they stand and is much faster."""
        decide = self.selection.over(lambda: rows)
        for row in rows:
            reason = decide(row)
            if reason is None:
                yield row
            else:
                reject(row, reason)

    def divide(self, scored: Path, *, kept: Path, rejected: Path) -> Counter[str]:
        """Divide a file of scored rows; returns the number of rows by reason, those that pass under ''."""
        return select_lines(scored, kept=kept, rejected=rejected, selection=self.selection)
