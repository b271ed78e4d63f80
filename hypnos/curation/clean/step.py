"""Removes records with obvious errors, each with the reason, and mends some faults (Fig. 2, step 2).

The paper says no more than "obvious errors"; the rules are ours.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypnos.curation.clean.rule import Rule
from hypnos.curation.pipeline.block_work import BlockResult, BlockWork
from hypnos.curation.pipeline.rows import RowsOf, sift_block
from hypnos.curation.pipeline.step import RecordRow, Reject, Step

VERSION = 5


class Clean(Step):
    """The step `clean`. Rules look at a record one after another; the first that gives a reason ends it.

    Attributes:
        rejected: of the last run, records by rule; a rule that found none has 0.
        changed: likewise, of rules that mend.
    """

    name = "clean"

    def __init__(self, *, rules: Mapping[str, Rule | None]) -> None:
        """Take rules in the order in which they look; `null` switches one off."""
        self.rules = {name: rule for name, rule in rules.items() if rule is not None}
        self.rejected: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()

    def key(self) -> dict[str, Any]:
        # A list: what one rule mends, the next one sees.
        return {"version": VERSION, "rules": [[name, rule.key()] for name, rule in self.rules.items()]}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yield records that no rule rejects; what was mended has the names of the rules in `changed`.

        Args:
            rows: read twice where a rule learns from them, so they must be an iterable that begins anew.
            reject: takes what a rule rejects.
        """
        self.learn(rows)
        yield from self.sift(rows, reject)

    def learn(self, rows: Iterable[RecordRow]) -> None:
        """Let rules learn from the rows that they will look at."""
        self.rules = {name: rule.learnt_from(rows) for name, rule in self.rules.items()}

    def sift(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """The same for some of the rows, with what was learnt from all."""
        self.rejected = Counter(dict.fromkeys(self.rules, 0))
        self.changed = Counter(dict.fromkeys(self.rules, 0))
        for row in rows:
            kept = self._pass(row, reject)
            if kept is not None:
                yield kept

    def block_work(self, source: Path) -> BlockWork:
        self.learn(RowsOf(source))
        return _CleanBlocks(self)

    def notes(self) -> dict[str, Any]:
        """What each rule found in the last run; a rule that found nothing is there too."""
        return {"rejected_by_rule": dict(self.rejected), "changed_by_rule": dict(self.changed)}

    def _pass(self, row: RecordRow, reject: Reject) -> RecordRow | None:
        for name, rule in self.rules.items():
            verdict = rule.check(row)
            if isinstance(verdict, str):
                self.rejected[name] += 1
                reason, _, detail = verdict.partition(": ")
                reject({**row, "detail": detail} if detail else row, reason)
                return None
            if verdict is not None:
                self.changed[name] += 1
                row = verdict | {"changed": [*row.get("changed", ()), name]}
        return row


@dataclass(slots=True)
class _CleanBlocks(BlockWork):
    step: Clean

    def work(self, block: bytes) -> BlockResult:
        result = sift_block(block, self.step.name, self.step.sift)
        result.notes = {name: Counter(counts) for name, counts in self.step.notes().items()}
        return result
