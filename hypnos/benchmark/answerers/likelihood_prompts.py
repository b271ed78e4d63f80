"""Puts choice questions as log-likelihood requests, and reads what the numbers choose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import PROMPT_TOO_LONG, Prediction, RequestType
from hypnos.benchmark.tasks.task import Task

VERSION = 1
"""Raised when the questions or the choice are made otherwise."""

YES_NO = ("是", "否")
"""What may follow a question about one option."""

CUT = 0.5
"""An option is chosen where yes is likelier than this, against no; ours."""


@dataclass(frozen=True, slots=True)
class LikelihoodQuestion:
    """One prompt about an item, with what may follow it.

    Attributes:
        item: number of the item, in the order of the task.
        messages: the turns.
        continuations: texts whose likelihood is asked.
        letters: the option that each continuation stands for; of a yes-or-no question the one option it is about.
    """

    item: int
    messages: Sequence[Mapping[str, str]]
    continuations: tuple[str, ...]
    letters: tuple[str, ...]


def make_questions(task: Task, items: Sequence[Item], request_type: RequestType) -> list[LikelihoodQuestion]:
    """What is asked about each item.

    `letters`: the task's own prompt, followed by a letter. `texts`: the stem alone, followed by an option's text,
    after examples in the same form. `yes_no`: for each option, whether it is right. Items with several right
    answers have no likeliest option and are asked by `yes_no` alone.
    """
    prompts: list[LikelihoodQuestion] = []
    for number, item in enumerate(items):
        letters = tuple(item.options)
        if request_type == "yes_no":
            prompts += [LikelihoodQuestion(number, _about(item, letter), YES_NO, (letter,)) for letter in letters]
        elif len(item.answers[0]) > 1 or item.multiple:
            continue
        elif request_type == "letters":
            prompts.append(LikelihoodQuestion(number, task.messages(item), letters, letters))
        else:
            prompts.append(LikelihoodQuestion(number, _stem(task, item), tuple(item.options.values()), letters))
    return prompts


def to_predictions(
    items: Sequence[Item],
    questions: Sequence[LikelihoodQuestion],
    prompts: Sequence[str],
    log_likelihoods: Mapping[int, Sequence[float]],
    request_type: RequestType,
) -> list[Prediction]:
    """One prediction for each item, those that were not asked included.

    Args:
        items: all.
        questions: what `make_questions` made of them.
        prompts: the text of each question.
        log_likelihoods: by place in `questions`, those of its continuations; questions that do not fit the model are
            not there.
        request_type: how they were asked.
    """
    likelihoods: dict[int, dict[str, float]] = {}
    shown: dict[int, str] = {}
    unfit = {question.item for k, question in enumerate(questions) if k not in log_likelihoods}
    for k, question in enumerate(questions):
        if question.item in unfit:
            continue
        values = log_likelihoods[k]
        if request_type == "yes_no":
            values = [values[0] - math.log(math.exp(values[0]) + math.exp(values[1]))]
        likelihoods.setdefault(question.item, {}).update(zip(question.letters, values, strict=True))
        shown.setdefault(question.item, prompts[k])
    predictions = []
    for number, item in enumerate(items):
        by_letter = likelihoods.get(number)
        rule = f"likelihood: {request_type}"
        if by_letter is None:
            rule = PROMPT_TOO_LONG if number in unfit else "left out: several answers"
        choice = choose(by_letter, request_type) if by_letter else None
        predictions.append(
            Prediction(
                item=item.id,
                prompt=shown.get(number, ""),
                raw="",
                answer=choice or "",
                finished=True,
                tokens=0,
                choice=choice,
                rule=rule,
                likelihoods=by_letter,
            )
        )
    return predictions


def choose(likelihoods: Mapping[str, float], request_type: RequestType) -> str | None:
    """The letters that likelihoods choose: the likeliest, or by `yes_no` all that are likelier than not."""
    if request_type == "yes_no":
        return "".join(sorted(letter for letter, value in likelihoods.items() if value > math.log(CUT))) or None
    return max(likelihoods, key=likelihoods.__getitem__)


def choose_per_character(likelihoods: Mapping[str, float], item: Item) -> str:
    """The option whose text is likeliest per character, so that a long one is not at a loss."""
    return max(likelihoods, key=lambda letter: likelihoods[letter] / max(len(item.options[letter]), 1))


def _stem(task: Task, item: Item) -> list[dict[str, str]]:
    turns = [{"role": "system", "content": task.prompt.system}] if task.prompt.system else []
    for example in task.examples(item):
        right = "；".join(example.options[letter] for letter in example.answers[0])
        turns += [{"role": "user", "content": _text(example)}, {"role": "assistant", "content": right}]
    return [*turns, {"role": "user", "content": _text(item)}]


def _about(item: Item, letter: str) -> list[dict[str, str]]:
    content = f"{_text(item)}\n选项：{item.options[letter]}\n这个选项是否为本题的正确答案？只回答“是”或“否”。"
    return [{"role": "user", "content": content}]


def _text(item: Item) -> str:
    return f"{item.passage}\n{item.question}" if item.passage else item.question
