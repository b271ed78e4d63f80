"""Tells scores that this project's models gave from scores that came along with a file from elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypnos.curation.score.score_sheet import texts_of
from hypnos.llm.journal.journal import Journal
from hypnos.llm.parsing.aspect_scores import scored_objects
from hypnos.specialty.grading import fence_of
from hypnos.specialty.rubric import HIGH, LOW


def is_own(entry: Mapping[str, Any], row: Mapping[str, Any], journal: Journal) -> bool:
    """Whether the journal holds the replies that an entry names, and they say of this very record what it says.

    A reply belongs to a record by the code in it, a hash of the record's texts: it proves nothing of another one.

    Args:
        entry: one of the row's `scores`; `replies` are keys of the journal.
        row: with the texts as they were scored.
        journal: of this project; where its file is missing, nothing is its own.
    """
    keys = entry.get("replies")
    stated = {name: value for name, value in entry.items() if type(value) in (int, float)}
    if not (isinstance(keys, list) and keys and stated and journal.path.exists()):
        return False
    proven: dict[str, float] = {}
    for key in keys:
        reply = journal.find(str(key))
        if reply is None:
            return False
        proven |= _scores(reply.text, list(stated), row)
    return proven == stated


def _scores(text: str, aspects: Sequence[str], row: Mapping[str, Any]) -> dict[str, float]:
    """The scores in a reply that answers with the record's code: all of them, or the one that it was asked for."""
    shown = (texts_of(row, show_reasoning=reasoning) for reasoning in (False, True))  # who scored saw one of the two
    codes = {fence_of(texts)[1] for texts in shown}
    for keys in (aspects, *([aspect] for aspect in aspects)):
        scored = scored_objects(text, list(keys), low=LOW, high=HIGH)
        own = [dict(scores) for answer, scores in scored if str(answer.get("code") or "").strip() in codes]
        if own:
            return own[-1]
    return {}
