"""Counts what a step kept and rejected: by reason, author and topic."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class StepCounts:
    """Counts of one step, or of a part of its rows.

    Attributes:
        kept: rows that went on.
        rejected: those that did not, by reason.
        authors: of the kept rows.
        topics: likewise.
    """

    kept: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    authors: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)

    def keep(self, row: Mapping[str, Any]) -> None:
        """Count a row that is kept, under its author and topic."""
        self.kept += 1
        self.authors[str(row.get("author") or "")] += 1
        self.topics[str(row.get("topic") or "")] += 1

    def keep_all(self, labels: Iterable[tuple[str, str]]) -> None:
        """Count rows that are kept, given author and topic of each."""
        pairs = Counter(labels)
        self.kept += pairs.total()
        for (author, topic), count in pairs.items():
            self.authors[author] += count
            self.topics[topic] += count

    def add(self, other: "StepCounts") -> None:
        """Add what was counted of other rows."""
        self.kept += other.kept
        self.rejected.update(other.rejected)
        self.authors.update(other.authors)
        self.topics.update(other.topics)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        rejected = self.rejected.total()
        return {
            **{"in": self.kept + rejected, "out": self.kept, "rejected": dict(self.rejected)},
            **{"authors": dict(self.authors), "topics": dict(self.topics)},
        }

    @staticmethod
    def read(plain: Mapping[str, Any]) -> "StepCounts":
        """From what `plain` returned."""
        return StepCounts(plain["out"], *(Counter(plain[name]) for name in ("rejected", "authors", "topics")))
