"""Writes what a grader is asked on the rubric: lines of the scale, the schema of its reply, fences round the material.

Two ask: cross-scoring (Fig. 2, step 3) about records, and the judge about answers of models. Where their words differ,
the difference is data (`CROSS_SCORE`, `JUDGE`) and stays as it is: prompt and schema are part of the key of every reply
that was paid for. What they answer is read by `hypnos.llm.parsing.aspect_scores`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypnos.specialty.folder import Aspect
from hypnos.specialty.rubric import HIGH, LOW

_TEXT = {"type": "string"}

NOTHING = "（没有作答）"
"""Stands between the marks where a text is empty."""

_TAG = re.compile(r"<(?=[|/<!?\w])|(?<=<)<|\[(?=/?INST\])")
_FENCE = re.compile(r"#{3,}|<{3,}|={3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeForm:
    """The words in which one grader is asked, and the shape of its reply.

    Attributes:
        unit: stands behind the ends of the scale.
        before: properties of the reply that come before the scores, by name: a score that follows its reasons is
            better founded than one they have to defend.
        after: properties that come after them.
        bounded: whether the schema states the ends of the scale, which not every provider takes.
    """

    unit: str = ""
    before: Mapping[str, Any]
    after: Mapping[str, Any] = field(default_factory=dict)
    bounded: bool

    def scale(self, aspects: Sequence[Aspect]) -> str:
        """One line for each aspect: its key, its name, its direction and what either end means."""
        return "\n".join(
            f"- {aspect.key}（{aspect.name}，{direction(aspect.lower_is_better)}）："
            f"{LOW}{self.unit} = {aspect.low}；{HIGH}{self.unit} = {aspect.high}"
            for aspect in aspects
        )

    def schema(self, aspects: Sequence[Aspect]) -> dict[str, Any]:
        """A JSON schema of the reply, for providers that hold to one; its order is the order of writing."""
        ends = {"minimum": LOW, "maximum": HIGH} if self.bounded else {}
        scores = {aspect.key: {"type": "integer", **ends} for aspect in aspects}
        return closed_object({**self.before, **scores, **self.after})


CROSS_SCORE = GradeForm(
    before={"code": _TEXT, "faults": {"type": "array", "items": _TEXT}}, after={"comment": _TEXT}, bounded=False
)
JUDGE = GradeForm(unit=" 分", before={"comment": _TEXT}, bounded=True)


def closed_object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object that has all these properties and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def direction(lower_is_better: bool) -> str:
    """How a scale is to be read, in the words of prompts and sheets."""
    return "越低越好" if lower_is_better else "越高越好"


def fence_of(texts: Mapping[str, str]) -> tuple[str, str]:
    """A delimiter and a code for texts that must not steer a model, from a hash of the texts themselves.

    No text can hold its own: whoever writes it into the text changes the hash. The same texts get the same
    ones in every run, so that their reply is found again in the journal.
    """
    content = "\0".join(f"{name}\0{text}" for name, text in sorted(texts.items()))
    digest = hashlib.sha256(b"fence\0" + content.encode("utf-8", "surrogatepass")).hexdigest()
    return f"### {digest[:16]} ###", digest[16:24]


def escape(text: str) -> str:
    """Break what could be read as a delimiter, a tag or a turn of a chat template; other signs stay.

    A blank behind the sign is enough, and a reader still sees what was written.
    """
    text = _FENCE.sub(lambda match: " ".join(match[0]), text)
    return _TAG.sub(lambda match: f"{match[0]} ", text)


def enclose(name: str, text: str) -> str:
    """Put a text between the judge's marks, which name what stands there and are the same for every text.

    Their brackets are taken out of the text, so nothing within can look like an end. Tags of a chat template stay as
    they were written: to break them too, as `escape` does, would change prompts that are in journals.
    """
    inside = text.strip().replace("【", "[").replace("】", "]") or NOTHING
    return f"【{name} 开始】\n{inside}\n【{name} 结束】"
