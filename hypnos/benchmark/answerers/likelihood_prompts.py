"""Choice questions put as likelihoods: what is asked about each item, and what the numbers choose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypnos.benchmark.answerers.answerer import Way
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.tasks.task import Task

VERSION = 1
"""Raised when the questions or the choice are made otherwise."""

YES_NO = ("是", "否")
"""What may follow a question about one option."""

CUT = 0.5
"""An option is chosen where yes is likelier than this, against no; ours."""


@dataclass(frozen=True, slots=True)
class Question:
    """One prompt about an item, with what may follow it.

    Attributes:
        item: place of the item.
        messages: the turns.
        continuations: texts whose likelihood is asked.
        letters: the option that each continuation stands for; of a yes-or-no question the one option it is about.
    """

    item: int
    messages: Sequence[Mapping[str, str]]
    continuations: tuple[str, ...]
    letters: tuple[str, ...]


def questions(task: Task, items: Sequence[Item], way: Way) -> list[Question]:
    """What is asked about each item.

    `letters`: the task's own prompt, followed by a letter. `texts`: the stem alone, followed by an option's text,
    after examples in the same form. `yes_no`: for each option, whether it is right. Items with several right
    answers have no likeliest option and are asked by `yes_no` alone.
    """
    asked: list[Question] = []
    for place, item in enumerate(items):
        letters = tuple(item.options)
        if way == "yes_no":
            asked += [Question(place, _about(item, letter), YES_NO, (letter,)) for letter in letters]
        elif len(item.answers[0]) > 1 or item.multiple:
            continue
        elif way == "letters":
            asked.append(Question(place, task.messages(item), letters, letters))
        else:
            asked.append(Question(place, _stem(task, item), tuple(item.options.values()), letters))
    return asked


def to_predictions(
    items: Sequence[Item],
    asked: Sequence[Question],
    prompts: Sequence[str],
    found: Mapping[int, Sequence[float]],
    way: Way,
) -> list[Prediction]:
    """One prediction for each item, those that were not asked included.

    Args:
        items: all.
        asked: what `questions` made of them.
        prompts: the text of each question.
        found: by place in `asked`, the log-likelihoods of its continuations; questions that do not fit the model
            are not there.
        way: how they were asked.
    """
    likelihoods: dict[int, dict[str, float]] = {}
    shown: dict[int, str] = {}
    unfit = {question.item for k, question in enumerate(asked) if k not in found}
    for k, question in enumerate(asked):
        if question.item in unfit:
            continue
        values = found[k]
        if way == "yes_no":
            values = [values[0] - math.log(math.exp(values[0]) + math.exp(values[1]))]
        likelihoods.setdefault(question.item, {}).update(zip(question.letters, values, strict=True))
        shown.setdefault(question.item, prompts[k])
    predictions = []
    for place, item in enumerate(items):
        weights = likelihoods.get(place)
        rule = f"likelihood: {way}"
        if weights is None:
            rule = "prompt too long" if place in unfit else "left out: several answers"
        choice = choose(weights, way) if weights else None
        predictions.append(
            Prediction(
                item=item.id,
                prompt=shown.get(place, ""),
                raw="",
                answer=choice or "",
                finished=True,
                tokens=0,
                choice=choice,
                rule=rule,
                likelihoods=weights,
            )
        )
    return predictions


def choose(likelihoods: Mapping[str, float], way: Way) -> str | None:
    """The letters that likelihoods choose: the likeliest, or by `yes_no` all that are likelier than not."""
    if way == "yes_no":
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
