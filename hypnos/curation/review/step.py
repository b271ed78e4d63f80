"""Applies what physicians decided: mended texts take the place of a model's, rejected records go."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.curation.pipeline.run_steps import StepArtefact, run_steps
from hypnos.curation.pipeline.step import RecordRow, Reject, Step
from hypnos.curation.review.filled import Decision, read_decisions
from hypnos.curation.review.pages import pages_for
from hypnos.curation.review.settings import read_review
from hypnos.curation.review.texts import content_of

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when the same decisions make other records."""

Decisions = Mapping[str, Sequence[Decision]]
"""By the content of a record."""


class ReviewStep(Step):
    """The step `review`, after all others.

    A record that anybody rejected goes; one that two mended differently goes too, for them to settle. Where one
    accepted and another mended it, the mended text counts. Scores stay as they were given to the text before.
    """

    name = "review"

    def __init__(self, decisions: Decisions, *, unreviewed: str) -> None:
        """Take the decisions.

        Args:
            decisions: what reviewers decided.
            unreviewed: `keep` or `reject` what nobody decided on.
        """
        self._decisions = decisions
        self._unreviewed = unreviewed
        self._counts: Counter[str] = Counter()

    def key(self) -> dict[str, Any]:
        plain = {content: [one.plain() for one in made] for content, made in self._decisions.items()}
        return {"version": VERSION, "decisions": content_key(plain), "unreviewed": self._unreviewed}

    def notes(self) -> dict[str, Any]:
        """How many records were accepted, mended, rejected, not reviewed; and by how many people."""
        people = {one.reviewer for made in self._decisions.values() for one in made}
        return {"review": {"reviewers": len(people), **dict(self._counts)}}

    def run(self, rows: Iterable[RecordRow], reject: Reject) -> Iterator[RecordRow]:
        """Yields what was accepted, mended or, if so set, not reviewed."""
        self._counts.clear()
        met = set()
        for row in rows:
            content = content_of(row)
            made = self._decisions.get(content)
            if not made:
                self._counts["not reviewed"] += 1
                if self._unreviewed == "keep":
                    yield row
                else:
                    reject(row, "not_reviewed")
                continue
            met.add(content)
            yield from self._apply(row, made, reject)
        if lost := len(self._decisions.keys() - met):
            self._counts["decisions on records that are not there"] = lost
            log.warning("review: %d reviewed records are not among those kept, or have changed since", lost)

    def _apply(self, row: RecordRow, made: Sequence[Decision], reject: Reject) -> Iterator[RecordRow]:
        review = [_kept(one) for one in made]
        against = next((one for one in made if one.verdict == "reject"), None)
        mended = {changes for one in made if (changes := _changes(row, one))}
        if against is not None:
            self._counts["rejected"] += 1
            reject({**row, "review": review}, f"review_{against.reason}")
        elif len(mended) > 1:
            self._counts["mended in two ways"] += 1
            reject({**row, "review": review}, "review_to_settle")
        elif mended:
            self._counts["mended"] += 1
            texts = dict(next(iter(mended)))
            before = {name: row.get(name) or "" for name in texts}
            yield {**row, **texts, "review": review, "before_review": before}
        else:
            self._counts["accepted"] += 1
            yield {**row, "review": review}


def review_records(
    config: Mapping[str, Any], kept: StepArtefact, *, artefacts: Path
) -> tuple[Path, list[StepArtefact]]:
    """Make the pages of what was kept, and apply what was handed in.

    Args:
        config: see `settings.REVIEW`.
        kept: the last step.
        artefacts: where pages and the step are kept.

    Returns:
        The folder of the pages, and the step where decisions were handed in.

    Raises:
        UserError: nothing to review; see `read_decisions`.
    """
    sheets = (
        Path(config["sheets"]) if config["sheets"] else pages_for(read_review(config), kept.kept, artefacts=artefacts)
    )
    if not config["files"]:
        return sheets, []
    decisions = read_decisions(sheets, [Path(file) for file in config["files"]])
    step = ReviewStep(decisions, unreviewed=config["unreviewed"])
    return sheets, list(run_steps([step], artefacts=artefacts, before=kept))


def _changes(row: RecordRow, decision: Decision) -> tuple[tuple[str, str], ...]:
    """The fields whose text a reviewer changed: one who mends to the same accepts."""
    if decision.verdict != "mend":
        return ()
    return tuple((name, text) for name, text in decision.texts if text != (row.get(name) or "").strip())


def _kept(decision: Decision) -> dict[str, str]:
    """What a record keeps of a decision: the texts stand in it anyway, or in what was handed in."""
    fields = {"by": decision.reviewer, "on": decision.moment, "verdict": decision.verdict}
    more = {"reason": decision.reason, "note": decision.note}
    if decision.verdict == "mend":
        more["texts"] = dict(decision.texts)  # type: ignore[assignment]
    return {**fields, **{name: value for name, value in more.items() if value}}
