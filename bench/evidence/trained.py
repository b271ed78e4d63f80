"""Findings about what was trained, from what the sweeps left: one difference a claim, record by record."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.evidence.arms import BETTER, WORSE, Trained, claims
from bench.evidence.measured import Measured, Table
from bench.evidence.verdict import Finding, find
from bench.study.claims import Claim
from hypnos.errors import UserError
from hypnos.experiment.sweep.arm_scores import read_scores
from hypnos.experiment.sweep.arms import Arm, find_sweep, read_arms
from hypnos.report.statistics.intervals import mean_interval

SPECIFIC, GENERAL = "anesthesia", "general"


@dataclass(frozen=True, slots=True)
class Unit:
    """A value of one record: its group, and what it weighs."""

    group: str
    value: float
    weight: float


Units = Mapping[str, Unit]
"""By record."""

Read = Callable[[Arm], Units]


def bits(held_out: str) -> Read:
    """Bits of each record of a held-out set under an arm's last model, weighed by its characters."""

    def read(arm: Arm) -> Units:
        text = arm.texts[held_out]
        of_last = text.bits[arm.last]
        return {name: Unit(text.groups[name], of_last[name], text.characters[name]) for name in of_last}

    return read


def became_likelier(arm: Arm) -> Units:
    """Whether a pair's better answer gained more likelihood than the worse one, over the model before the stage."""
    better, worse = arm.texts[BETTER], arm.texts[WORSE]
    before = arm.models[-2]

    def gain(side: Any, name: str) -> float:
        return float(side.bits[before][name] - side.bits[arm.last][name])

    gains = {name: gain(better, name) - gain(worse, name) for name in better.bits[arm.last]}
    return {name: Unit(better.groups[name], (gain > 0) + (gain == 0) / 2, 1.0) for name, gain in gains.items()}


def was_likelier(arm: Arm) -> Units:
    """Whether the model the stage starts from finds the better answer likelier, as it stands."""
    better, worse = arm.texts[BETTER], arm.texts[WORSE]
    before = arm.models[-2]
    likelier = {name: better.bits[before][name] < worse.bits[before][name] for name in better.bits[before]}
    return {name: Unit(better.groups[name], float(hit), 1.0) for name, hit in likelier.items()}


def is_longer(arm: Arm) -> Units:
    """Whether a pair's better answer is the longer one; a half where both are equally long."""
    better, worse = arm.texts[BETTER], arm.texts[WORSE]
    longer = {name: better.characters[name] - worse.characters[name] for name in better.characters}
    return {name: Unit(better.groups[name], (gap > 0) + (gap == 0) / 2, 1.0) for name, gap in longer.items()}


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


DIFFERENCES: Mapping[str, tuple[str, tuple[str, Read], tuple[str, Read]]] = {
    "preferred": ("preference", ("DPO", became_likelier), ("DPO", is_longer)),
    "preferred_by_contrast": ("preference", ("DPO", became_likelier), ("better answers alone", became_likelier)),
    "filtered": ("filtering", ("GPT-4, 7 or more", bits(SPECIFIC)), ("random, as many as reach 7", bits(SPECIFIC))),
    "filtered_not_long": ("filtering", ("best half", bits(SPECIFIC)), ("longest half", bits(SPECIFIC))),
    "best_not_worst": ("filtering", ("best half", bits(SPECIFIC)), ("worst half", bits(SPECIFIC))),
    "general_first_real": ("order", ("general to specific", bits(SPECIFIC)), ("specific only", bits(SPECIFIC))),
    "not_turned_round": ("order", ("general to specific", bits(SPECIFIC)), ("specific to general", bits(SPECIFIC))),
    "general_first_letters": ("order", ("general to specific", right("letters")), ("specific only", right("letters"))),
    "general_first_texts": ("order", ("general to specific", right("texts")), ("specific only", right("texts"))),
    "specialty_remembers": ("order", ("general to specific", bits(GENERAL)), ("general only", bits(GENERAL))),
    "not_mixed": ("order", ("general to specific", bits(SPECIFIC)), ("mixed", bits(SPECIFIC))),
    "vocabulary_characters": ("vocabulary", ("extended", bits(GENERAL)), ("the base's own", bits(GENERAL))),
    "vocabulary_compute": (
        "vocabulary",
        ("extended, as many tokens", bits(GENERAL)),
        ("the base's own, as many tokens", bits(GENERAL)),
    ),
}
"""By claim: the sweep, the arm whose value counts and the one it is held against, each with how it is read."""


def try_trained(setting: Trained) -> dict[str, Measured]:
    """By sweep, the findings of all claims whose arms are finished under the same seeds, and a table."""
    known = claims(setting)
    arms = {name: read_finished(claim, setting) for name, claim in known.items()}
    findings: dict[str, list[Finding]] = {}
    for name, (sweep, (arm, read), (other, read_other)) in DIFFERENCES.items():
        first, second = (arms[sweep].get(label, {}) for label in (arm, other))
        seeds = sorted(first.keys() & second.keys())
        if seeds:
            pairs = [(seed, read(first[seed]), read_other(second[seed])) for seed in seeds]
            findings.setdefault(sweep, []).append(_finding(name, setting.common["claims"][name], pairs))
    return {name: Measured(of_sweep, list(_table(known[name], arms[name]))) for name, of_sweep in findings.items()}


def read_finished(claim: Claim, setting: Trained) -> dict[str, dict[str, Arm]]:
    """The finished runs of a claim, by arm and seed."""
    try:
        arms = read_arms(find_sweep(claim.sweep, setting.folder / "outputs"))
    except UserError:
        return {}
    by_label: dict[str, dict[str, Arm]] = {}
    for arm in arms:
        label = claim.call(arm.overrides)
        if arm.state == "finished" and label:
            by_label.setdefault(label, {})[arm.seed] = arm
    return by_label


def _finding(name: str, claim: Mapping[str, Any], pairs: Sequence[tuple[str, Units, Units]]) -> Finding:
    values, groups, seeds, weights = [], [], [], []
    for seed, first, second in pairs:
        for record in sorted(first.keys() & second.keys()):
            one, other = first[record], second[record]
            values.append(one.value - other.value)
            groups.append(one.group)
            seeds.append(seed)
            weights.append(one.weight)
    return find(
        name,
        claim,
        lambda level: mean_interval(values, groups, seeds, weights=weights, level=level),
        seeds=len(pairs),
    )


def _table(claim: Claim, arms: Mapping[str, Mapping[str, Arm]]) -> Iterator[Table]:
    if not arms:
        return
    measures: Sequence[tuple[str, Read]]
    if claim.name == "preference":
        measures = (
            ("better became likelier", became_likelier),
            ("better was likelier before", was_likelier),
            ("better is longer", is_longer),
        )
    else:
        sets = [
            name for name in (GENERAL, SPECIFIC) if all(name in a.texts for of in arms.values() for a in of.values())
        ]
        measures = [(f"{name}, bits/char", bits(name)) for name in sets]
        if claim.name == "order":
            measures = [*measures, *((f"board questions right, {kind}", right(kind)) for kind in ACCURACY)]
    rows = []
    for label in (name for name in claim.arms if name in arms):
        cells = [label, ", ".join(sorted(arms[label]))]
        for _, read in measures:
            units = [read(arm) for arm in arms[label].values()]
            total = sum(unit.value for one in units for unit in one.values())
            cells.append(f"{total / sum(unit.weight for one in units for unit in one.values()):.3f}")
        rows.append(cells)
    yield claim.title, ["arm", "seeds", *(title for title, _ in measures)], rows
