"""Lays out what a judge is shown: question, passage, options and reference answer, each between its marks."""

from hypnos.benchmark.items import Item
from hypnos.specialty.grading import enclose

QUESTION, PASSAGE, OPTIONS, REFERENCE, ANSWER = "题目", "材料", "选项", "参考答案", "待评回答"
FIRST, SECOND = "回答甲", "回答乙"

CUT = "……（以下从略）"


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
