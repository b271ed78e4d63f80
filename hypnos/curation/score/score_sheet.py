"""Puts a record into a scorer's prompt, and takes the scores out of the reply."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypnos.llm.parsing.aspect_scores import coded_scores
from hypnos.specialty.folder import Aspect, Specialty
from hypnos.specialty.grading import CROSS_SCORE, escape, fence_of
from hypnos.specialty.rubric import HIGH, LOW

Scores = dict[str, Any]
"""`code`, a number for each aspect, `faults` and `comment`."""

SYSTEM = "背景："
THOUGHT = "作答前的思考（仅供参考，只评回答）："

NOTED = 300
"""Characters kept of a comment or a quoted fault."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a scorer is asked: all aspects at once, or one; with the reasoning before an answer, or without."""

    specialty: Specialty
    aspects: tuple[Aspect, ...]
    prompt: str
    show_reasoning: bool = False

    def messages(self, row: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
        """The prompt. The record stands between two fences that it cannot hold itself, its tags broken."""
        texts = texts_of(row, show_reasoning=self.show_reasoning)
        fence, code = fence_of(texts)
        user = self.specialty.fill(
            self.prompt,
            **{name: escape(text) for name, text in texts.items()},
            fence=fence,
            code=code,
            aspects=CROSS_SCORE.scale(self.aspects),
            keys=", ".join(f'"{aspect.key}": {LOW}–{HIGH}' for aspect in self.aspects),
        )
        return (
            {"role": "system", "content": self.specialty.fill("score_system")},
            {"role": "user", "content": user},
        )

    def code(self, row: Mapping[str, Any]) -> str:
        """What the scorer repeats to show that it answers, and quotes nobody."""
        return fence_of(texts_of(row, show_reasoning=self.show_reasoning))[1]

    @property
    def keys(self) -> set[str]:
        """Keys of the aspects that are asked for."""
        return {aspect.key for aspect in self.aspects}

    def schema(self) -> Mapping[str, Any]:
        """For providers that hold a reply to it."""
        return CROSS_SCORE.schema(self.aspects)

    def reader(self) -> Callable[[str], list[Scores] | None]:
        """Reads a reply: every set of scores in it that stands with a code, in their order."""

        def read(text: str) -> list[Scores] | None:
            return [_noted(*stated) for stated in coded_scores(text, self.aspects, low=LOW, high=HIGH)] or None

        return read


def texts_of(row: Mapping[str, Any], *, show_reasoning: bool = False) -> dict[str, str]:
    """What is judged of a record; a system turn and earlier turns come before the material, reasoning after it."""
    above = f"{SYSTEM}{row['system']}\n" if row.get("system") else ""
    turns = "".join(f"问：{question}\n答：{answer}\n" for question, answer in row.get("history") or ())
    thought = f"\n{THOUGHT}{row['reasoning']}" if show_reasoning and row.get("reasoning") else ""
    return {
        "instruction": str(row.get("instruction") or ""),
        "input": above + turns + str(row.get("input") or "") + thought,
        "output": str(row.get("output") or ""),
    }


def own_scores(stated: Sequence[Scores], row: Mapping[str, Any], *, show_reasoning: bool = False) -> Scores | None:
    """The scorer's own answer among what a reply holds: the last one with the record's code.

    A record that carries scores of its own, which a scorer quotes or repeats, does not know its code.
    """
    _, code = fence_of(texts_of(row, show_reasoning=show_reasoning))
    own = [scores for scores in stated if scores["code"] == code]
    return own[-1] if own else None


def _noted(answer: Mapping[str, Any], scores: Mapping[str, float]) -> Scores:
    faults = answer.get("faults")
    listed = [str(fault)[:NOTED] for fault in faults] if isinstance(faults, list) else []
    comment = str(answer.get("comment") or "")[:NOTED]
    return {"code": answer["code"].strip(), **scores, "faults": listed, "comment": comment}
