"""Asks a model to score answers: each aspect by itself, absolutely and against the reference answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypnos.artefacts.ranges import Count
from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.cases import TaskAnswers
from hypnos.benchmark.judge.masking import mask_names
from hypnos.benchmark.judge.material import ANSWER, describe_item, shorten
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel
from hypnos.llm.client import Client
from hypnos.llm.parsing.aspect_scores import read_aspects
from hypnos.llm.parsing.replies import read_object
from hypnos.llm.requests import Request
from hypnos.specialty.folder import Aspect, Specialty
from hypnos.specialty.grading import JUDGE, enclose
from hypnos.specialty.rubric import HIGH, LOW

Mode = Literal["absolute", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A model that judges, with the settings of its requests.

    Attributes:
        model: who judges.
        modes: `absolute` (question and answer alone) and `reference` (beside the reference answer).
        pairwise: whether answers to one question are also compared two by two, in both orders.
        against: compare every model with these alone; empty: every model with every other.
        limit: judge at most so many questions of a task, drawn in the proportions of topics and levels; None: all.
        attempts: replies asked for until one is readable.
        max_chars: a longer answer is cut before the judge sees it, and marked as cut.
        mask: cover phrases by which an answer names its model, so that a judge cannot know its own.
    """

    model: ChatModel
    modes: Sequence[Mode] = ("absolute", "reference")
    pairwise: bool = True
    against: Sequence[str] = ()
    limit: Count | None = None
    attempts: Count = 3
    max_chars: Count = 4000
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
            # Once the first questions were taken; a sample is drawn since.
            "limit": None if self.limit is None else {"drawn": self.limit},
            "attempts": self.attempts,
            "max_chars": self.max_chars,
            "mask": self.mask,
        }


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """The reply that a judge is asked for.

    Attributes:
        schema: a JSON schema, for providers that hold to one.
        example: the same in words, which stand in the prompt.
    """

    schema: Mapping[str, Any]
    example: Mapping[str, str]


def judge_answers(
    judge: Judge, answers: TaskAnswers, *, specialty: Specialty, client: Client, mode: Mode
) -> Iterator[dict[str, Any]]:
    """Ask for a score of each aspect of each answer.

    Args:
        judge: who judges, and how.
        answers: of every model to the questions of one task.
        specialty: its aspects and its prompts `judge_system`, `judge_absolute` and `judge_reference`.
        client: sends the requests, through journal and budget.
        mode: whether the judge sees the reference answer.

    Yields:
        One row for each answer: `task, item, group, model, sample, mode, judge` (the name asked), `judged_by` (the name
        returned), `scores` by aspect as asked (harmfulness: 10 is harmful) or None where no attempt was readable,
        `reason` for that, `comment, chars` (length of the answer), `cut, attempts, cost, tokens_in, tokens_out`.

    Raises:
        UserError: an answer is missing; or see `Client.ask`.
    """
    cases = list(answers.cases(judge.limit))
    aspects = specialty.aspects
    verdicts = client.ask(
        judge.model,
        score_requests(judge, answers, specialty=specialty, mode=mode),
        parse=lambda text: _read(text, aspects),
        attempts=judge.attempts,
        what=f"judge {answers.task} ({mode})",
        total=len(cases),
    )
    for case, verdict in zip(cases, verdicts, strict=True):
        scores, comment = verdict.value or (None, "")
        yield {
            "task": answers.task,
            "item": case.item.id,
            "group": case.item.group,
            "model": case.model,
            "sample": case.prediction.sample,
            "mode": mode,
            "judge": judge.model.name,
            "judged_by": verdict.model,
            "scores": scores,
            "reason": verdict.reason,
            "comment": comment,
            "chars": len(case.prediction.answer),
            "cut": len(case.prediction.answer) > judge.max_chars,
            "attempts": verdict.attempts,
            "cost": verdict.cost,
            "tokens_in": verdict.tokens_in,
            "tokens_out": verdict.tokens_out,
        }


def score_requests(judge: Judge, answers: TaskAnswers, *, specialty: Specialty, mode: Mode) -> Iterator[Request]:
    """What a judge is asked for the scores of every answer, in their order; see `judge_answers`."""
    models = sorted(answers.predictions)
    example = {"comment": "一两句话的理由", **{aspect.key: "整数" for aspect in specialty.aspects}}
    form = ReplyForm(JUDGE.schema(specialty.aspects), example)
    for case in answers.cases(judge.limit):
        yield judge_request(
            f"judge_{mode}",
            answers,
            case.item,
            specialty=specialty,
            form=form,
            material=[
                *describe_item(case.item, reference=mode == "reference"),
                enclose(ANSWER, judge.show(case.prediction.answer, models)),
            ],
        )


def judge_request(
    prompt: str,
    answers: TaskAnswers,
    item: Item,
    *,
    specialty: Specialty,
    form: ReplyForm,
    material: Sequence[str],
) -> Request:
    """Fill a prompt of the specialty: rubric, material and the form of the reply.

    The request stays on this machine where the task or the item asks for it.
    """
    text = specialty.fill(
        prompt,
        aspects=JUDGE.scale(specialty.aspects),
        material="\n\n".join(material),
        format=json.dumps(form.example, ensure_ascii=False),
        low=str(LOW),
        high=str(HIGH),
    )
    turns = ({"role": "system", "content": specialty.fill("judge_system")}, {"role": "user", "content": text})
    return Request(id=f"{answers.task}/{item.id}", messages=turns, schema=form.schema, egress=answers.egress_of(item))


def _read(text: str, aspects: Sequence[Aspect]) -> tuple[dict[str, float], str] | None:
    scores = read_aspects(text, aspects, low=LOW, high=HIGH)
    return None if scores is None else (scores, str((read_object(text) or {}).get("comment", "")))
