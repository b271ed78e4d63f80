"""A model judges answers: each aspect by itself, absolutely and against the reference answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.masking import mask_names
from hypnos.benchmark.judge.material import ANSWER, describe_aspects, describe_item, enclose, shorten
from hypnos.benchmark.predictions import Prediction
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.parsing.aspect_scores import read_aspects
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Aspect, Specialty

Mode = Literal["absolute", "reference"]

LOW, HIGH = 0, 10
"""Ends of an aspect's scale (paper, Fig. 2, step 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A model that judges, and what it is asked.

    Attributes:
        model: who judges.
        modes: `absolute` (question and answer alone) and `reference` (beside the reference answer).
        pairwise: whether answers to one question are also compared two by two, in both orders.
        against: compare every model with these alone; empty: every model with every other.
        limit: judge at most so many questions of a task, the first ones; None: all.
        attempts: replies asked for until one is readable.
        max_chars: a longer answer is cut before the judge sees it, and marked as cut.
        mask: cover phrases by which an answer names its model, so that a judge cannot know its own.
    """

    model: ChatModel
    modes: Sequence[Mode] = ("absolute", "reference")
    pairwise: bool = True
    against: Sequence[str] = ()
    limit: int | None = None
    attempts: int = 3
    max_chars: int = 4000
    mask: bool = True

    def __post_init__(self) -> None:
        unknown = sorted(set(self.modes) - {"absolute", "reference"})
        if unknown:
            raise UserError(f"judge.modes: {', '.join(unknown)}: known are absolute and reference")

    def show(self, text: str, models: Sequence[str]) -> str:
        """An answer as the judge reads it."""
        return shorten(mask_names(text, models) if self.mask else text, self.max_chars)

    def key(self) -> dict[str, Any]:
        """What decides the verdicts, for the key of the artefact that holds them."""
        return {
            "model": self.model.identity(),
            "modes": list(self.modes),
            "pairwise": self.pairwise,
            "against": sorted(self.against),
            "limit": self.limit,
            "attempts": self.attempts,
            "max_chars": self.max_chars,
            "mask": self.mask,
        }


Predictions = Mapping[str, Sequence[Prediction]]
"""The answers of each model, by its name."""


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to judge."""

    item: Item
    model: str
    prediction: Prediction


def judge_answers(
    judge: Judge,
    *,
    task: str,
    items: Sequence[Item],
    predictions: Predictions,
    specialty: Specialty,
    client: Client,
    mode: Mode,
    egress: str = "any",
) -> Iterator[dict[str, Any]]:
    """Ask for a score of each aspect of each answer.

    Args:
        judge: who judges, and how.
        task: the task's name, which stands in the rows.
        items: its questions.
        predictions: the answers, of every model.
        specialty: its aspects and its prompts `judge_system`, `judge_absolute` and `judge_reference`.
        client: sends the requests, through journal and budget.
        mode: whether the judge sees the reference answer.
        egress: `local` where the whole task must not leave the machine; an item of its own may say so too.

    Yields:
        One row for each answer: `task, item, group, model, sample, mode, judge` (the name asked), `judged_by` (the name
        returned), `scores` by aspect as asked (harmfulness: 10 is harmful) or None where no attempt was readable,
        `reason` for that, `comment, chars` (length of the answer), `cut, attempts, cost, tokens_in, tokens_out`.

    Raises:
        UserError: an answer is missing; or see `Client.ask`.
    """
    cases = list(cases_of(task, items, predictions, judge.limit))
    models = sorted(predictions)
    aspects = specialty.aspects
    form = {"comment": "一两句话的理由", **{aspect.key: "整数" for aspect in aspects}}
    requests = (
        ask(
            specialty,
            f"judge_{mode}",
            task=task,
            item=case.item,
            egress=egress,
            schema=_schema(aspects),
            form=form,
            low=str(LOW),
            high=str(HIGH),
            material=[
                *describe_item(case.item, reference=mode == "reference"),
                enclose(ANSWER, judge.show(case.prediction.answer, models)),
            ],
        )
        for case in cases
    )
    answers = client.ask(
        judge.model,
        requests,
        parse=lambda text: _read(text, aspects),
        attempts=judge.attempts,
        what=f"judge {task} ({mode})",
        total=len(cases),
    )
    for case, answer in zip(cases, answers, strict=True):
        scores, comment = answer.value or (None, "")
        yield {
            "task": task,
            "item": case.item.id,
            "group": case.item.group,
            "model": case.model,
            "sample": case.prediction.sample,
            "mode": mode,
            "judge": judge.model.name,
            "judged_by": answer.model,
            "scores": scores,
            "reason": answer.reason,
            "comment": comment,
            "chars": len(case.prediction.answer),
            "cut": len(case.prediction.answer) > judge.max_chars,
            "attempts": answer.attempts,
            "cost": answer.cost,
            "tokens_in": answer.tokens_in,
            "tokens_out": answer.tokens_out,
        }


def cases_of(task: str, items: Sequence[Item], predictions: Predictions, limit: int | None) -> Iterator[Case]:
    """The answers of every model, question by question.

    Raises:
        UserError: a model has no answer to one of the questions.
    """
    found = {model: _by_item(answers) for model, answers in predictions.items()}
    for item in items[:limit]:
        for model, answers in found.items():
            if item.id not in answers:
                missing = sum(item.id not in answers for item in items)
                raise UserError(f"{task}: {model} has no answer to {item.id} ({missing} of {len(items)} missing)")
            for prediction in answers[item.id]:
                yield Case(item, model, prediction)


def ask(
    specialty: Specialty,
    prompt: str,
    *,
    task: str,
    item: Item,
    egress: str,
    schema: Mapping[str, Any],
    form: Mapping[str, str],
    material: Sequence[str],
    **places: str,
) -> Request:
    """Fill a prompt of the specialty: rubric, material and the form of the reply.

    The request stays on this machine where the task or the item asks for it.
    """
    text = specialty.fill(
        prompt,
        aspects=describe_aspects(specialty.aspects, LOW, HIGH),
        material="\n\n".join(material),
        format=json.dumps(form, ensure_ascii=False),
        **places,
    )
    turns = ({"role": "system", "content": specialty.fill("judge_system")}, {"role": "user", "content": text})
    kept = "local" if "local" in (egress, item.egress) else "any"
    return Request(id=f"{task}/{item.id}", messages=turns, schema=schema, egress=kept)


def _by_item(answers: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    found: dict[str, list[Prediction]] = {}
    for answer in sorted(answers, key=lambda answer: answer.sample):
        found.setdefault(answer.item, []).append(answer)
    return found


def _schema(aspects: Sequence[Aspect]) -> dict[str, Any]:
    # Reasons first: a score that follows them is better founded than one they have to defend.
    numbers = {aspect.key: {"type": "integer", "minimum": LOW, "maximum": HIGH} for aspect in aspects}
    return {
        "type": "object",
        "properties": {"comment": {"type": "string"}, **numbers},
        "required": ["comment", *numbers],
        "additionalProperties": False,
    }


def _read(text: str, aspects: Sequence[Aspect]) -> tuple[dict[str, float], str] | None:
    scores = read_aspects(text, aspects, low=LOW, high=HIGH)
    return None if scores is None else (scores, str((read_object(text) or {}).get("comment", "")))
