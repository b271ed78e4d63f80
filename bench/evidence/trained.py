"""Findings about what was trained, from what the sweeps left: one difference a claim, record by record."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

from bench.evidence.arms import OTHER_QUESTIONS, Trained, claims
from bench.evidence.measured import Measured, Table, settings_key
from bench.evidence.values import (
    ACCURACY,
    GENERAL,
    SPECIFIC,
    Read,
    Units,
    answer_length,
    answers_at_hand,
    became_likelier,
    became_likelier_by_character,
    bits,
    is_longer,
    papers,
    right,
    statements,
    was_likelier,
)
from bench.evidence.verdict import Finding, find
from bench.study.claims import Claim
from hypnos.commands import split_multirun
from hypnos.errors import UserError
from hypnos.experiment.arm_names import name_arm
from hypnos.experiment.sweep.arms import SWEEPS, Arm, check_same_text, read_arm
from hypnos.report.statistics.intervals import mean_interval

log = logging.getLogger(__name__)

DIFFERENCES: Mapping[str, tuple[str, tuple[str, Read], tuple[str, Read]]] = {
    "preferred": ("preference", ("DPO", became_likelier), ("DPO", is_longer)),
    "preferred_by_contrast": (
        "preference",
        ("DPO", became_likelier_by_character),
        ("better answers alone", became_likelier_by_character),
    ),
    "filtered": ("filtering", ("GPT-4, 7 or more", bits(SPECIFIC)), ("random, as many as reach 7", bits(SPECIFIC))),
    "filtered_not_long": ("filtering", ("best half", bits(SPECIFIC)), ("longest half", bits(SPECIFIC))),
    "best_not_worst": ("filtering", ("best half", bits(SPECIFIC)), ("worst half", bits(SPECIFIC))),
    "filtered_other": (
        "filtering",
        ("GPT-4, 7 or more", bits(OTHER_QUESTIONS)),
        ("random, as many as reach 7", bits(OTHER_QUESTIONS)),
    ),
    "general_first_real": ("order", ("general to specific", papers), ("specific only", papers)),
    "not_turned_round": ("order", ("general to specific", papers), ("specific to general", papers)),
    "general_first_letters": ("order", ("general to specific", right("letters")), ("specific only", right("letters"))),
    "general_first_texts": ("order", ("general to specific", right("texts")), ("specific only", right("texts"))),
    "specialty_remembers": ("order", ("general to specific", bits(GENERAL)), ("general only", bits(GENERAL))),
    "not_mixed": ("order", ("general to specific", papers), ("mixed", papers)),
    "vocabulary_characters": ("vocabulary", ("extended", bits(GENERAL)), ("the base's own", bits(GENERAL))),
    "vocabulary_compute": (
        "vocabulary",
        ("extended, as many tokens", bits(GENERAL)),
        ("the base's own, as many tokens", bits(GENERAL)),
    ),
}
"""By claim: the sweep, the arm whose value counts and the one it is held against, each with how it is read."""


def try_trained(setting: Trained) -> dict[str, Measured]:
    """By sweep, the findings of all claims of which both arms are finished under every seed, and a table.

    Fewer seeds make no finding: who looks after each of them may stop where it suits.
    """
    known = claims(setting)
    arms = {name: read_runs(claim, setting) for name, claim in known.items()}
    findings: dict[str, list[Finding]] = {}
    for name, (sweep, (arm, read), (other, read_other)) in DIFFERENCES.items():
        first, second = (arms[sweep].get(label, {}) for label in (arm, other))
        seeds = sorted(first.keys() & second.keys())
        if seeds and len(seeds) < len(setting.seeds):
            log.warning("%s: %d of %d seeds are finished, and no finding yet", name, len(seeds), len(setting.seeds))
        elif seeds:
            pairs = [(seed, read(first[seed]), read_other(second[seed])) for seed in seeds]
            findings.setdefault(sweep, []).append(_finding(name, setting.common["claims"][name], pairs))
    return {
        name: Measured(
            of_sweep,
            list(_table(known[name], arms[name])),
            settings_key(setting.common, setting.rates, setting.size, name),
        )
        for name, of_sweep in findings.items()
    }


def read_runs(claim: Claim, setting: Trained, state: str = "finished") -> dict[str, dict[str, Arm]]:
    """The runs of a claim under these very settings that are finished, or in another state, by arm and seed."""
    planned = [overrides for _, *words in claim.lines(setting) for overrides in split_multirun(words)]
    labels = {name_arm(overrides): claim.call(overrides) for overrides in planned}
    sweep = setting.folder / "outputs" / SWEEPS / claim.sweep
    arms = [read_arm(sweep / name) for name in labels if (sweep / name / ".hydra/overrides.yaml").is_file()]
    try:
        check_same_text(arms)
    except UserError as error:
        log.warning("%s is left out: %s", claim.name, error)
        return {}
    by_label: dict[str, dict[str, Arm]] = {}
    for arm in arms:
        if arm.state == state and (label := labels[arm.folder.name]):
            by_label.setdefault(label, {})[arm.seed] = arm
    return by_label


def _finding(name: str, claim: Mapping[str, Any], pairs: Sequence[tuple[str, Units, Units]]) -> Finding:
    values, groups, seeds, weights = [], [], [], []
    left_out = 0
    for seed, first, second in pairs:
        alone = {**first, **second}.items() if first.keys() != second.keys() else ()
        left_out += sum(unit.characters > 0 for name, unit in alone if not (name in first and name in second))
        for record in sorted(first.keys() & second.keys()):
            one, other = first[record], second[record]
            if one.characters != other.characters:
                left_out += 1
                continue
            values.append(one.value - other.value)
            groups.append(one.group)
            seeds.append(seed)
            weights.append(one.weight)
    if left_out:
        log.warning("%s: %d records left out, of which the two arms do not read the same", name, left_out)
    return find(
        name,
        claim,
        lambda level: mean_interval(values, groups, seeds, weights=weights, level=level),
        seeds=len(pairs),
    )


MEASURES: Mapping[str, Sequence[tuple[str, Read]]] = {
    "preference": (
        ("better became likelier", became_likelier),
        ("better became likelier, by character", became_likelier_by_character),
        ("better was likelier before", was_likelier),
        ("better is longer", is_longer),
    ),
    "filtering": (
        ("validated answers, bits/char", bits(SPECIFIC)),
        ("before this stage", bits(SPECIFIC, model=-2)),
        ("good answers to other questions, bits/char", bits(OTHER_QUESTIONS)),
        ("before", bits(OTHER_QUESTIONS, model=-2)),
    ),
    "order": (
        ("general, bits/char", bits(GENERAL)),
        ("papers, bits/char", papers),
        ("statements, bits each", statements),
        *((f"board questions right, {kind}", right(kind)) for kind in ACCURACY),
    ),
    "vocabulary": (("general, bits/char", bits(GENERAL)), ("papers, bits/char", papers)),
}
"""Columns of a claim's table: what was measured."""

LEARNT: Mapping[str, Sequence[tuple[str, Callable[[Arm], float]]]] = {
    "filtering": (("answers at hand", answers_at_hand), ("learnt tokens an answer", answer_length)),
}
"""Further columns: what the last stage was trained on, a mean over the seeds."""


def _table(claim: Claim, arms: Mapping[str, Mapping[str, Arm]]) -> Iterator[Table]:
    if not arms:
        return
    measures, learnt = MEASURES[claim.name], LEARNT.get(claim.name, ())
    rows = []
    counts: dict[str, int] = {}
    read_by_arm: dict[str, set[int]] = {}
    for label in (name for name in claim.arms if name in arms):
        cells = [label, ", ".join(sorted(arms[label]))]
        for title, read in measures:
            units = [read(arm) for arm in arms[label].values()]
            counts[title] = min(map(len, units))
            read_by_arm.setdefault(title, set()).update(sum(unit.characters for unit in one.values()) for one in units)
            total = sum(unit.value for one in units for unit in one.values())
            cells.append(f"{total / sum(unit.weight for one in units for unit in one.values()):.3f}")
        cells += [f"{mean(map(read, arms[label].values())):,.0f}" for _, read in learnt]
        rows.append(cells)
    for title in (title for title, characters in read_by_arm.items() if len(characters) > 1):
        log.warning("%s, %s: not the same characters for all arms; the finding is over those alike", claim.name, title)
    titles = [*(f"{title} (n {counts[title]})" for title, _ in measures), *(title for title, _ in learnt)]
    yield claim.title, ["arm", "seeds", *titles], rows
