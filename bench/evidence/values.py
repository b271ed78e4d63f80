"""Values of single records under a trained arm: bits, which answer became likelier, which question is right."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from bench.evidence.arms import BETTER, WORSE
from bench.evidence.files import is_paper
from hypnos.errors import UserError
from hypnos.experiment.sweep.arm_scores import read_scores
from hypnos.experiment.sweep.arms import Arm, HeldOutText

SPECIFIC, GENERAL = "anesthesia", "general"

BETA = 0.1
"""DPO's, as conf/tuning/objective/dpo.yaml has it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A value of one record: its group, and what it weighs.

    `characters` are those that bits were measured on: of unlike ones they cannot be compared. 0 where they are no part
    of the value.
    """

    group: str
    value: float
    weight: float
    characters: int = 0


Units = Mapping[str, Unit]
"""By record."""

Read = Callable[[Arm], Units]


def bits(held_out: str, *, of: Callable[[str], bool] | None = None, each: bool = False, model: int = -1) -> Read:
    """Bits of each record of a held-out set under an arm's last model, or another one, weighed by its characters.

    Args:
        held_out: name of the set.
        of: of records whose group this is true of; of all by default.
        each: a record's bits, whatever its length.
        model: its place among the arm's models: the base as it came, with its vocabulary, after each stage.
    """

    def read(arm: Arm) -> Units:
        text = arm.texts[held_out]
        values, characters = text.bits[arm.models[model]], text.characters[arm.models[model]]
        names = [name for name in values if of is None or of(text.groups[name])]
        return {
            name: Unit(text.groups[name], values[name], 1 if each else characters[name], characters[name])
            for name in names
        }

    return read


def is_statement(group: str) -> bool:
    """Whether a record of the specialty is a statement of a board paper; the others are pieces of papers."""
    return not is_paper(group)


papers, statements = bits(SPECIFIC, of=is_paper), bits(SPECIFIC, of=is_statement, each=True)
"""Of the specialty's held-out set."""


def _gains(arm: Arm) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Bits that each answer gained over the model before the stage: of better answers, of worse ones."""
    before = arm.models[-2]

    def gains(side: HeldOutText) -> dict[str, float]:
        return {name: side.bits[before][name] - bits for name, bits in side.bits[arm.last].items()}

    return gains(arm.texts[BETTER]), gains(arm.texts[WORSE])


def became_likelier(arm: Arm) -> Units:
    """Whether a pair's better answer gained more likelihood than the worse one, over the model before the stage."""
    better, worse = _gains(arm)
    return _first_is_more(arm, better, worse)


def became_likelier_by_character(arm: Arm) -> Units:
    """The same of the gain a character: a model that learns Chinese gains more on longer answers, and those win."""
    better, worse = _gains(arm)
    sides = _characters(arm)
    first, second = (
        {name: gain / of[name] for name, gain in gains.items()} for gains, of in zip((better, worse), sides)
    )
    return _first_is_more(arm, first, second)


def _characters(arm: Arm) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Characters of better answers and of worse ones, as the last model reads them."""
    better, worse = (arm.texts[side].characters[arm.last] for side in (BETTER, WORSE))
    return better, worse


def was_likelier(arm: Arm) -> Units:
    """Whether the model the stage starts from finds the better answer likelier, as it stands."""
    before = arm.models[-2]
    better, worse = ({name: -value for name, value in arm.texts[side].bits[before].items()} for side in (BETTER, WORSE))
    return _first_is_more(arm, better, worse)


def is_longer(arm: Arm) -> Units:
    """Whether a pair's better answer is the longer one."""
    return _first_is_more(arm, *_characters(arm))


def _first_is_more(arm: Arm, first: Mapping[str, float], second: Mapping[str, float]) -> Units:
    """1 where the first value of a pair is the greater, 0 where the second is, a half where they are equal."""
    groups = arm.texts[BETTER].groups
    return {
        name: Unit(groups[name], (value > second[name]) + (value == second[name]) / 2, 1)
        for name, value in first.items()
        if name in second  # a side that max_length leaves no room for is not there
    }


def preference_loss(arm: Arm) -> Units:
    """DPO's loss of each pair, in nats."""
    better, worse = _gains(arm)
    groups = arm.texts[BETTER].groups
    margins = {name: BETA * math.log(2) * (better[name] - worse[name]) for name in better if name in worse}
    return {name: Unit(groups[name], float(np.logaddexp(0, -margin)), 1) for name, margin in margins.items()}


def answers_at_hand(arm: Arm) -> int:
    """Records that the last stage could learn from."""
    return sum(source["records"] for source in _sources(arm))


def answer_length(arm: Arm) -> float:
    """Learnt tokens of such a record, in the mean."""
    return sum(source["learnt_tokens"] for source in _sources(arm)) / answers_at_hand(arm)


def _sources(arm: Arm) -> Collection[Mapping[str, int]]:
    return arm.stages[-1]["data"]["sources"].values()


ACCURACY = {"letters": "accuracy_likelihood", "texts": "accuracy_texts_per_char"}
"""Of choice questions, by what the likelihood is of."""


def right(kind: str) -> Read:
    """Whether a board question's likeliest letter, or text of an option by character, is the right one."""

    def read(arm: Arm) -> Units:
        results = read_scores([arm])
        if results is None:
            raise UserError(f"{arm.folder}: answered no board questions")
        (answers,), (task,) = results.answers, results.tasks
        values = zip(task.questions, answers.scores[ACCURACY[kind]], strict=True)
        return {one.id: Unit(one.group, value, 1.0) for one, value in values if value is not None}

    return read
