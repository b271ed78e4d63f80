"""What a judge is shown, each text between fixed marks that no text can close."""

from collections.abc import Sequence

from hypnos.benchmark.items import Item
from hypnos.specialty.folder import Aspect

QUESTION, PASSAGE, OPTIONS, REFERENCE, ANSWER = "题目", "材料", "选项", "参考答案", "待评回答"
FIRST, SECOND = "回答甲", "回答乙"

EMPTY = "（没有作答）"
CUT = "……（以下从略）"


def enclose(name: str, text: str) -> str:
    """Put a text between its marks.

    The marks are fixed, so that a request is the same each time and its reply is found in the journal. Their
    brackets are taken out of the text, so nothing within can look like an end.
    """
    inside = text.strip().replace("【", "[").replace("】", "]") or EMPTY
    return f"【{name} 开始】\n{inside}\n【{name} 结束】"


def shorten(text: str, limit: int) -> str:
    """Cut a text that would fill the judge's context; the cut is written down for it to see."""
    return text if len(text) <= limit else text[:limit] + CUT


def describe_item(item: Item, *, reference: bool) -> list[str]:
    """The enclosed texts of a question: passage, stem, options and, if asked for, the reference answers."""
    parts = [enclose(PASSAGE, item.passage)] if item.passage else []
    parts.append(enclose(QUESTION, item.question))
    if item.options:
        parts.append(enclose(OPTIONS, "\n".join(f"{letter}. {text}" for letter, text in item.options.items())))
    if reference:
        answers = item.answers
        listed = answers[0] if len(answers) == 1 else "\n".join(f"{n}. {text}" for n, text in enumerate(answers, 1))
        parts.append(enclose(REFERENCE, "\n".join(filter(None, (listed, item.explanation)))))
    return parts


def describe_aspects(aspects: Sequence[Aspect], low: int = 0, high: int = 10) -> str:
    """One line for each aspect: its key, its name, its direction and what either end means."""
    return "\n".join(
        f"- {aspect.key}（{aspect.name}，{'越低越好' if aspect.lower_is_better else '越高越好'}）："
        f"{low} 分 = {aspect.low}；{high} 分 = {aspect.high}"
        for aspect in aspects
    )
