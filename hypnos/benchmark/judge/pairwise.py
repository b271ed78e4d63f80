"""A model compares two answers to one question, shown in both orders."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.judge import Case, Judge, Predictions, ask, cases_of
from hypnos.benchmark.judge.material import FIRST, SECOND, describe_item, enclose
from hypnos.llm.client import Client
from hypnos.llm.parsing.replies import answer_part, json_values
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Specialty

_SCHEMA = {
    "type": "object",
    "properties": {"comment": {"type": "string"}, "better": {"type": "string", "enum": ["甲", "乙", "平"]}},
    "required": ["comment", "better"],
    "additionalProperties": False,
}
_FORM = {"comment": "一两句话的理由", "better": "甲、乙或平"}
_SHOWN = {"甲": "first", "乙": "second", "平": "tie", "平局": "tie", "回答甲": "first", "回答乙": "second"}
TIES = ("tie", "tie")
_STATED = re.compile(r"better[\"”']?\s*[:\uff1a]\s*[\"“']?(甲|乙|平)")


def judge_pairs(
    judge: Judge,
    *,
    task: str,
    items: Sequence[Item],
    predictions: Predictions,
    specialty: Specialty,
    client: Client,
    egress: str = "any",
) -> Iterator[dict[str, Any]]:
    """Compare the answers of two models to each question, each pair in both orders.

    Two orders that do not agree are a tie. Two answers of the same words are a tie without asking.

    Args:
        judge: who judges, and which pairs (`against`).
        task: the task's name, which stands in the rows.
        items: its questions.
        predictions: the answers, of every model; of several samples the first counts.
        specialty: its aspects and its prompts `judge_system` and `judge_pairwise`.
        client: sends the requests, through journal and budget.
        egress: `local` where the whole task must not leave the machine.

    Yields:
        One row for each pair and question: `task, item, group, mode, judge, judged_by, left, right` (models),
        `forward` and `backward` (who was called better when the left, and when the right, answer stood first:
        `left`, `right`, `tie`, or None where unreadable), `winner` (a model, `tie`, or None where an order is
        unreadable), `consistent` (whether both orders agree; None where one is unreadable), `same_words`,
        `left_chars, right_chars, comments, reason, attempts, cost, tokens_in, tokens_out`.

    Raises:
        UserError: an answer is missing; or see `Client.ask`.
    """
    models = sorted(predictions)
    pairs = list(_pairs(task, items, predictions, judge))
    asked = [pair for pair in pairs if not _same(pair)]
    requests = (
        _request(specialty, judge, task, first, second, models, egress)
        for left, right in asked
        for first, second in ((left, right), (right, left))
    )
    answers = client.ask(
        judge.model,
        requests,
        parse=_read,
        attempts=judge.attempts,
        what=f"judge {task} (pairs, both orders)",
        total=2 * len(asked),
    )
    for pair in pairs:
        left, right = pair
        both = [] if _same(pair) else [next(answers), next(answers)]
        forward, backward = _sides(*(answer.value[0] if answer.value else None for answer in both)) if both else TIES
        readable = forward is not None and backward is not None
        side = forward if forward == backward else "tie"
        yield {
            "task": task,
            "item": left.item.id,
            "group": left.item.group,
            "mode": "pairwise",
            "judge": judge.model.name,
            "judged_by": both[0].model if both else "",
            "left": left.model,
            "right": right.model,
            "forward": forward,
            "backward": backward,
            "winner": {"left": left.model, "right": right.model}.get(str(side), "tie") if readable else None,
            "consistent": forward == backward if readable else None,
            "same_words": not both,
            "left_chars": len(left.prediction.answer),
            "right_chars": len(right.prediction.answer),
            "comments": [answer.value[1] if answer.value else "" for answer in both],
            "reason": "; ".join(answer.reason for answer in both if answer.reason),
            "attempts": sum(answer.attempts for answer in both),
            "cost": None if any(answer.cost is None for answer in both) else sum(answer.cost or 0.0 for answer in both),
            "tokens_in": sum(answer.tokens_in for answer in both),
            "tokens_out": sum(answer.tokens_out for answer in both),
        }


def _pairs(task: str, items: Sequence[Item], predictions: Predictions, judge: Judge) -> Iterator[tuple[Case, Case]]:
    by_item: dict[str, dict[str, Case]] = {}
    for case in cases_of(task, items, predictions, judge.limit):
        by_item.setdefault(case.item.id, {}).setdefault(case.model, case)
    for cases in by_item.values():
        for left, right in combinations(sorted(cases), 2):
            if not judge.against or left in judge.against or right in judge.against:
                yield cases[left], cases[right]


def _same(pair: tuple[Case, Case]) -> bool:
    left, right = (case.prediction.answer.strip() for case in pair)
    return left == right


def _request(
    specialty: Specialty, judge: Judge, task: str, first: Case, second: Case, models: Sequence[str], egress: str
) -> Request:
    shown = [
        enclose(name, judge.show(case.prediction.answer, models)) for name, case in ((FIRST, first), (SECOND, second))
    ]
    return ask(
        specialty,
        "judge_pairwise",
        task=task,
        item=first.item,
        egress=egress,
        schema=_SCHEMA,
        form=_FORM,
        material=[*describe_item(first.item, reference="reference" in judge.modes), *shown],
    )


def _sides(forward: str | None, backward: str | None) -> tuple[str | None, str | None]:
    """From what stood first or second, in either order, to the left and the right answer."""
    left = {"first": "left", "second": "right", "tie": "tie"}.get(str(forward))
    return left, {"first": "right", "second": "left", "tie": "tie"}.get(str(backward))


def _read(text: str) -> tuple[str, str] | None:
    """The choice and its comment; None where none is stated, or where two different ones are."""
    stated = [value for value in json_values(text) if isinstance(value, dict) and "better" in value]
    if stated:
        choices = {_SHOWN.get(str(value["better"]).strip()) for value in stated}
        choice = choices.pop()
        return (choice, str(stated[-1].get("comment", ""))) if choice and not choices else None
    words = set(_STATED.findall(answer_part(text)))
    return (_SHOWN[words.pop()], "") if len(words) == 1 else None
