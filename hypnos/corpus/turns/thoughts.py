"""Takes the reasoning of an answer out of the field or the marks in which a set keeps it."""

from collections.abc import Mapping
from typing import Any

from hypnos.corpus.blank import is_blank
from hypnos.corpus.records import Unusable
from hypnos.reasoning import begins_with_thinking, split_thinking

FIELDS = ("reasoning", "reasoning_content", "reasoning (reasoning_content)", "complex_cot", "thinking")
"""Names of the field beside an answer, as the sets of DeepSeek-R1, HuatuoGPT-o1 and gpt-oss call it."""


def split_answer(text: str, beside: Mapping[str, Any]) -> tuple[str, str]:
    """An answer without its reasoning, and the reasoning; empty where it has none.

    Args:
        text: the answer, which may begin with reasoning in marks.
        beside: the row or the turn that holds it; a field of its own counts before marks.

    Raises:
        Unusable: there is a thought and no answer, or the field is no text.
    """
    stated = thought_beside(beside)
    answer, marked = split_thinking(text) if begins_with_thinking(text) else (text, "")
    thought = stated or ("" if is_blank(marked) else marked.strip())
    if is_blank(answer) and thought:
        raise Unusable("a thought and no answer")
    return answer.strip(), thought


def thought_beside(fields: Mapping[str, Any]) -> str:
    """The reasoning in a field of its own; empty where there is none."""
    for name in FIELDS:
        value = fields.get(name)
        if value is None or (isinstance(value, str) and is_blank(value)):
            continue
        if not isinstance(value, str):
            raise Unusable(f"{name} must be text, not {type(value).__name__}")
        return value.strip()
    return ""
