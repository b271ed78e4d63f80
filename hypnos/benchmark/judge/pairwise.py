"""Asks a model which of two answers to one question is better, in both orders."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from hypnos.benchmark.judge.cases import Case, TaskAnswers
from hypnos.benchmark.judge.judge import Judge, ReplyForm, judge_request
from hypnos.benchmark.judge.material import FIRST, SECOND, describe_item
from hypnos.llm.client import Client
from hypnos.llm.parsing.quotation import quoted
from hypnos.llm.parsing.replies import answer_part, own_values
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Specialty
from hypnos.specialty.grading import closed_object, enclose

_FORM = ReplyForm(
    closed_object({"comment": {"type": "string"}, "better": {"type": "string", "enum": ["甲", "乙", "平"]}}),
    {"comment": "一两句话的理由", "better": "甲、乙或平"},
)
_SHOWN = {"甲": "first", "乙": "second", "平": "tie", "平局": "tie", "回答甲": "first", "回答乙": "second"}
TIES = ("tie", "tie")
_REASON = r"(?:因|由于|理由|because|since|[\"“']?\w+[\"”']?\s*[:\uff1a])"
_QUOTED_END = r"\s*[\"”'](?![ \t]*[\w/<>=、])"
_BARE_END = rf"\s*(?:$|[。.;；!！)）\]}}】*`|\n]|[,，(（]\s*{_REASON})"
_STATED = re.compile(
    r"better[\"”']?\s*[:\uff1a]\s*(?P<opened>[\"“'])?(?P<word>(?:回答)?[甲乙]|平局?)"
    rf"(?P<end>(?(opened){_QUOTED_END}|{_BARE_END}))?"
)
"""A choice outside JSON; without an `end` where its word goes on (甲不如乙, 甲/乙, 甲、乙或平) or breaks off."""


def judge_pairs(
    judge: Judge, answers: TaskAnswers, *, specialty: Specialty, client: Client
) -> Iterator[dict[str, Any]]:
    """Compare the answers of two models to each question, each pair in both orders.

    Two orders that do not agree are a tie. Two answers of the same words are a tie without asking.

    Args:
        judge: who judges, and which pairs (`against`).
        answers: of every model to the questions of one task; of several samples the first counts.
        specialty: its aspects and its prompts `judge_system` and `judge_pairwise`.
        client: sends the requests, through journal and budget.

    Yields:
        One row for each pair and question: `task, item, group, mode, judge, judged_by, left, right` (models),
        `forward` and `backward` (who was called better when the left, and when the right, answer stood first:
        `left`, `right`, `tie`, or None where unreadable), `winner` (a model, `tie`, or None where an order is
        unreadable), `consistent` (whether both orders agree; None where one is unreadable), `same_words`,
        `left_chars, right_chars, comments, reason, attempts, cost, tokens_in, tokens_out`.

    Raises:
        UserError: an answer is missing; or see `Client.ask`.
    """
    pairs = list(pairs_of(answers, judge))
    to_ask = [pair for pair in pairs if not _same(pair)]
    verdicts = client.ask(
        judge.model,
        pair_requests(judge, answers, specialty=specialty),
        parse=_read,
        attempts=judge.attempts,
        what=f"judge {answers.task} (pairs, both orders)",
        total=2 * len(to_ask),
    )
    for pair in pairs:
        left, right = pair
        both = [] if _same(pair) else [next(verdicts), next(verdicts)]
        forward, backward = _sides(*(verdict.value[0] if verdict.value else None for verdict in both)) if both else TIES
        readable = forward is not None and backward is not None
        side = forward if forward == backward else "tie"
        yield {
            "task": answers.task,
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
            "comments": [verdict.value[1] if verdict.value else "" for verdict in both],
            "reason": "; ".join(verdict.reason for verdict in both if verdict.reason),
            "attempts": sum(verdict.attempts for verdict in both),
            "cost": None
            if any(verdict.cost is None for verdict in both)
            else sum(verdict.cost or 0.0 for verdict in both),
            "tokens_in": sum(verdict.tokens_in for verdict in both),
            "tokens_out": sum(verdict.tokens_out for verdict in both),
        }


def pair_requests(judge: Judge, answers: TaskAnswers, *, specialty: Specialty) -> Iterator[Request]:
    """What a judge is asked about every pair, in both orders one after the other; see `judge_pairs`."""
    for left, right in pairs_of(answers, judge):
        if not _same((left, right)):
            yield _request(judge, answers, left, right, specialty)
            yield _request(judge, answers, right, left, specialty)


def pairs_of(answers: TaskAnswers, judge: Judge) -> Iterator[tuple[Case, Case]]:
    """The pairs that a judge compares, question by question."""
    by_item: dict[str, dict[str, Case]] = {}
    for case in answers.cases(judge.limit):
        by_item.setdefault(case.item.id, {}).setdefault(case.model, case)
    for cases in by_item.values():
        for left, right in combinations(sorted(cases), 2):
            if not judge.against or left in judge.against or right in judge.against:
                yield cases[left], cases[right]


def _same(pair: tuple[Case, Case]) -> bool:
    left, right = (case.prediction.answer.strip() for case in pair)
    return left == right


def _request(judge: Judge, answers: TaskAnswers, first: Case, second: Case, specialty: Specialty) -> Request:
    models = sorted(answers.predictions)
    shown = [
        enclose(name, judge.show(case.prediction.answer, models)) for name, case in ((FIRST, first), (SECOND, second))
    ]
    return judge_request(
        "judge_pairwise",
        answers,
        first.item,
        specialty=specialty,
        form=_FORM,
        material=[*describe_item(first.item, reference="reference" in judge.modes), *shown],
    )


def _sides(forward: str | None, backward: str | None) -> tuple[str | None, str | None]:
    """From what stood first or second, in either order, to the left and the right answer."""
    left = {"first": "left", "second": "right", "tie": "tie"}.get(str(forward))
    return left, {"first": "right", "second": "left", "tie": "tie"}.get(str(backward))


def _read(text: str) -> tuple[str, str] | None:
    """The choice and its comment; None where none is stated, or where two different ones are."""
    stated = [value for value in own_values(text) if isinstance(value, dict) and "better" in value]
    if stated:
        choices = {_SHOWN.get(str(value["better"]).strip()) for value in stated}
        choice = choices.pop()
        return (choice, str(stated[-1].get("comment", ""))) if choice and not choices else None
    own = answer_part(text)
    matches = [match for match in _STATED.finditer(own) if not quoted(own, match.start(), match.end())]
    choices = {_SHOWN[match["word"]] if match["end"] is not None else None for match in matches}
    choice = choices.pop() if choices else None
    return (choice, "") if choice and not choices else None
