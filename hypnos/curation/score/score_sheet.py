"""One record before one scorer: the prompt it is put into, and the scores read from the reply."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypnos.curation.fences import escape, fence_of
from hypnos.llm.parsing.replies import in_range, read_json
from hypnos.specialty.folder import Aspect, Specialty

Scores = dict[str, Any]
"""`code`, a number for each aspect, `faults` and `comment`."""

NOTED = 300
"""Characters kept of a comment or a quoted fault."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a scorer is asked: all aspects at once, or one."""

    specialty: Specialty
    aspects: tuple[Aspect, ...]
    prompt: str

    def messages(self, row: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
        """The prompt. The record stands between two fences that it cannot hold itself, its tags broken."""
        texts = texts_of(row)
        fence, code = fence_of(texts)
        user = self.specialty.fill(
            self.prompt,
            **{name: escape(text) for name, text in texts.items()},
            fence=fence,
            code=code,
            aspects="\n".join(map(_scale, self.aspects)),
            keys=", ".join(f'"{aspect.key}": 0–10' for aspect in self.aspects),
        )
        return (
            {"role": "system", "content": self.specialty.fill("score_system")},
            {"role": "user", "content": user},
        )

    def schema(self) -> Mapping[str, Any]:
        """For providers that hold a reply to it."""
        properties: dict[str, Any] = {
            "code": {"type": "string"},
            "faults": {"type": "array", "items": {"type": "string"}},
        }
        properties |= {aspect.key: {"type": "integer"} for aspect in self.aspects}
        properties["comment"] = {"type": "string"}
        kind = {"type": "object", "properties": properties, "required": list(properties)}
        return {**kind, "additionalProperties": False}

    def reader(self) -> Callable[[str], list[Scores] | None]:
        """Reads a reply: every object in it that holds a code and all aspects, in their order."""
        keys = [aspect.key for aspect in self.aspects]

        def read(text: str) -> list[Scores] | None:
            found = [scores for answer in _objects(text) if (scores := _scores(answer, keys))]
            return found or None

        return read


def texts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """What is judged of a record; earlier turns come before the material."""
    turns = "".join(f"问：{asked}\n答：{answered}\n" for asked, answered in row.get("history") or ())
    return {
        "instruction": str(row.get("instruction") or ""),
        "input": turns + str(row.get("input") or ""),
        "output": str(row.get("output") or ""),
    }


def own_scores(found: Sequence[Scores], row: Mapping[str, Any]) -> Scores | None:
    """The scorer's own answer among what a reply holds: the last one with the record's code.

    A record that carries scores of its own, which a scorer quotes or repeats, does not know its code.
    """
    _, code = fence_of(texts_of(row))
    own = [scores for scores in found if scores["code"] == code]
    return own[-1] if own else None


def _scale(aspect: Aspect) -> str:
    direction = "越低越好" if aspect.lower_is_better else "越高越好"
    return f"- {aspect.key}（{aspect.name}，{direction}）：0 = {aspect.low}；10 = {aspect.high}"


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Objects that stand in a text, not those inside one of them: what a scorer quotes is text within its answer."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end = at + 1
        else:
            yield found
        at = text.find("{", end)
    tolerant = read_json(text)
    if isinstance(tolerant, Mapping):
        yield tolerant


def _scores(answer: Mapping[str, Any], keys: Sequence[str]) -> Scores | None:
    code = answer.get("code")
    scores = {key: in_range(answer.get(key)) for key in keys}
    if not isinstance(code, str) or any(value is None for value in scores.values()):
        return None
    faults = answer.get("faults")
    listed = [str(fault)[:NOTED] for fault in faults] if isinstance(faults, list) else []
    return {"code": code.strip(), **scores, "faults": listed, "comment": str(answer.get("comment") or "")[:NOTED]}
