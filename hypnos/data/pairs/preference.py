"""Defines pairs of answers to one question, a better and a worse one, and reads the forms they come in.

`chosen` and `rejected`, as text or as messages (TRL, LLaMA-Factory, `preferences.jsonl` of filter.py), and two scored
answers: `answer_a`, `answer_b`, `score_a`, `score_b`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypnos.corpus.records import Instruction, Unusable
from hypnos.corpus.shapes import to_records
from hypnos.corpus.turns.conversation import Conversation, read_history, read_messages
from hypnos.corpus.turns.left_out import Note

SIDES = ("chosen", "rejected")
SCORES = ("score_a", "score_b")
QUESTIONS = ("instruction", "prompt", "question", "query")
KEPT = ("id", "source", "group", "egress", "input")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Two answers to one question.

    Attributes:
        chosen: the conversation with the better answer.
        rejected: the same with the worse one.
        margin: by how much the better one was scored higher, as the row has it; None where nobody scored.
    """

    chosen: Instruction
    rejected: Instruction
    margin: float | None = None

    @property
    def id(self) -> str:
        return self.chosen.id

    @property
    def group(self) -> str:
        return self.chosen.group


def to_preference(row: Any, *, source: str, scale: tuple[float, float], note: Note = lambda what: None) -> Preference:
    """Turn a row into a pair.

    Args:
        row: a mapping with any field of any letters' case.
        source: kept in records that name none.
        scale: the lowest and the highest score there is.
        note: is told the name of what is left out.

    Raises:
        Unusable: a side is missing or empty, both are the same text, or a score lies outside the scale. Whether the
            margin tells the better one is not looked at.
    """
    if not isinstance(row, Mapping):
        raise Unusable(f"a pair must be an object, not {type(row).__name__}")
    fields = _fields(row)
    if {"answer_a", "answer_b"} & fields.keys():
        fields = _by_scores(fields)
    missing = [side for side in SIDES if side not in fields]
    if missing:
        raise Unusable(f"a pair needs chosen and rejected: no {' and no '.join(missing)}")
    _check_scores(fields, scale)
    sides = [_conversation(fields, side, note) for side in SIDES]
    if len({(side.system, side.history, side.question) for side in sides}) > 1:
        raise Unusable("chosen and rejected answer different conversations")
    if sides[0].answer.split() == sides[1].answer.split():
        raise Unusable("chosen and rejected are the same text")
    kept = {name: fields[name] for name in KEPT if name in fields}
    # The group is that of any record of this conversation: a question that is held out there is held out here.
    kept.setdefault("id", _id_of(sides, fields.get("input")))
    chosen, rejected = (_instruction(kept, side, source) for side in sides)
    return Preference(chosen=chosen, rejected=rejected, margin=read_margin(fields))


def _id_of(sides: Sequence[Conversation], material: Any) -> str:
    """The same for both sides of a pair, and another for any other pair."""
    asked = (*sum(sides[0].history, ()), sides[0].question, str(material or ""))
    return hashlib.sha256("\0".join((*asked, *(side.answer for side in sides))).encode()).hexdigest()[:16]


def read_margin(row: Mapping[str, Any]) -> float | None:
    """By how much a row's better answer is scored higher; None where no scores are given, or none that are numbers."""
    fields = _fields(row)
    for first, second in (("score_chosen", "score_rejected"), SCORES):
        if {first, second} <= fields.keys():
            scores = [fields[first], fields[second]]
            if any(isinstance(score, bool) or not isinstance(score, int | float) for score in scores):
                return None
            margin = float(scores[0] - scores[1])
            return margin if first == "score_chosen" else abs(margin)
    stated = fields.get("margin")
    return float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else None


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).strip().lower(): value for name, value in row.items() if value is not None}


def _by_scores(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Name the better of two scored answers `chosen`; of equals the second, with a margin of 0."""
    missing = [name for name in ("answer_a", "answer_b", *SCORES) if name not in fields]
    if missing:
        raise Unusable(f"two scored answers need {', '.join(missing)}")
    first, second = (_number(fields, name) for name in SCORES)
    better, worse = ("a", "b") if first > second else ("b", "a")
    return {**fields, "chosen": fields[f"answer_{better}"], "rejected": fields[f"answer_{worse}"]}


def _check_scores(fields: Mapping[str, Any], scale: tuple[float, float]) -> None:
    for name in ("score_chosen", "score_rejected", *SCORES):
        if name in fields and not scale[0] <= (score := _number(fields, name)) <= scale[1]:
            raise Unusable(f"{name} {score:g} lies outside the scale from {scale[0]:g} to {scale[1]:g}")
    if "margin" in fields:
        _number(fields, "margin")


def _number(fields: Mapping[str, Any], name: str) -> float:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(f"{name} must be a number, not {value!r}")
    return float(value)


def _conversation(fields: Mapping[str, Any], side: str, note: Note) -> Conversation:
    """The conversation that ends with one side's answer."""
    before: Any = fields.get("messages") or fields.get("conversations")
    if before is None:
        before = next((fields[name] for name in QUESTIONS if name in fields), [])
    if isinstance(before, str):
        earlier = read_history(fields.get("history") or (), note)
        before = [*(text for turn in earlier for text in turn), before]
        before = [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(before)]
        if isinstance(fields.get("system"), str):
            before = [{"role": "system", "content": fields["system"]}, *before]
    value = fields[side]
    if isinstance(value, str):
        value = [{"role": "assistant", "content": value}]
    elif isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list) or not isinstance(before, list):
        raise Unusable(f"{side} must be text or messages, not {type(value).__name__}")
    return read_messages(value if len(value) > 1 else before + value, note)  # TRL repeats the prompt in each side


def _instruction(kept: Mapping[str, Any], said: Conversation, source: str) -> Instruction:
    row = {**kept, "instruction": said.question, "output": said.answer, "history": list(said.history)}
    row |= {"system": said.system, "reasoning": said.reasoning}
    (record,) = to_records(row, source=source)
    assert isinstance(record, Instruction)
    return record
