"""Turns arms of a sweep into tables: held-out text, what a stage forgot, and what a filter kept."""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypnos.corpus.sources import SPECIFIC
from hypnos.experiment.sweep.arms import Arm, by_label, common_records
from hypnos.experiment.sweep.seeds import METHOD, ArmComparison, SeedValues, compare_with_reference, mean_over_seeds
from hypnos.report.results import Note, PairedTest
from hypnos.report.statistics.intervals import Interval
from hypnos.report.statistics.paired_tests import correct, write_p
from hypnos.report.tables.table import Column, Grid

log = logging.getLogger(__name__)

FRONTIER = "selection/frontier"
"""Key of the table of what is kept."""

SPECIFIC_BITS = f"{SPECIFIC}_bits_per_char"
"""Column of that table: the measure by which a filter is judged."""

BITS = Column(name="bits_per_char", label="bits per character", better="lower", scale=1.0, digits=3)
CHANGE = Column(name="change", label="change", better="lower", scale=1.0, digits=3)

_UNTRAINED = 2
"""The first models of a run, the base and its vocabulary: no stage has changed anything yet."""


def finished_arms(arms: Sequence[Arm]) -> dict[str, list[Arm]]:
    """Finished arms by label."""
    return by_label([arm for arm in arms if arm.state == "finished"])


def held_out_sets(arms: Sequence[Arm]) -> list[str]:
    """Names of the sets that there is text of."""
    return list(dict.fromkeys(name for arm in arms for name, text in arm.texts.items() if text.groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBits:
    """Bits of the records that all models read alike, over the mean number of characters of a record.

    Attributes:
        by_label: by label and model of the run (`""` for the last), the values of each seed. A model of which no
            record is known is not there.
        groups: of the records.
        weights: characters of the records, over their mean.
        left_out: how many records models read a different number of characters of.
        missing: models that are not compared, as none of their records is known, or is read as the others read it.
    """

    by_label: Mapping[str, Mapping[str, SeedValues]]
    groups: list[str]
    weights: list[float]
    left_out: int
    missing: tuple[str, ...] = ()

    def mean(self, label: str, model: str = "") -> Interval | None:
        """The measure of the whole set: all bits over all characters; None where there is nothing to measure."""
        values = self.by_label[label].get(model)
        return mean_over_seeds(values, self.groups, self.weights) if values and self.groups else None

    def change(self, label: str, before: str, after: str) -> Interval | None:
        """How much more one model of an arm needs than another."""
        first, second = (self.by_label[label].get(model, {}) for model in (before, after))
        values = {
            seed: [b - a for a, b in zip(first[seed], second[seed], strict=True)] for seed in second if seed in first
        }
        return mean_over_seeds(values, self.groups, self.weights) if values and self.groups else None


def record_bits(
    arms_by_label: Mapping[str, Sequence[Arm]], name: str, models: Callable[[Arm], Sequence[str]] | None = None
) -> RecordBits:
    """Bits of each record of a held-out set.

    Args:
        arms_by_label: finished arms.
        name: of the set.
        models: which of an arm's models are compared; its last by default.
    """
    asked = {
        (label, arm.seed, model if models else ""): (arm.texts[name], model)
        for label, arms in arms_by_label.items()
        for arm in arms
        for model in (models(arm) if models else (arm.last,))
    }
    compared = {key: (text, model) for key, (text, model) in asked.items() if text.characters.get(model)}
    characters = [text.characters[model] for text, model in compared.values()] or [{}]
    records = common_records(characters)
    groups = {record: group for text, _ in compared.values() for record, group in text.groups.items()}
    mean = sum(characters[0][record] for record in records) / max(len(records), 1)
    values: dict[str, dict[str, dict[str, list[float]]]] = {label: {} for label in arms_by_label}
    for (label, seed, key), (text, model) in compared.items():
        bits = text.bits[model]
        values[label].setdefault(key, {})[seed] = [bits[record] / mean for record in records]
    return RecordBits(
        by_label=values,
        groups=[groups[record] for record in records],
        weights=[characters[0][record] / mean for record in records],
        left_out=len(set().union(*characters)) - len(records),
        missing=tuple(dict.fromkeys(f"{key[0]}: {asked[key][1]}" for key in asked if key not in compared)),
    )


def _warn_of_left_out(bits_of_sets: Mapping[str, RecordBits], title: str) -> str:
    """Say in one line what a table leaves out; gives the sentences for its note, empty where that is nothing."""
    counts = [
        f"{name}: {bits.left_out} of {bits.left_out + len(bits.groups)}"
        for name, bits in bits_of_sets.items()
        if bits.left_out
    ]
    missing = [f"{name}: {', '.join(bits.missing)}" for name, bits in bits_of_sets.items() if bits.missing]
    sentences = []
    if counts:
        sentences.append(f"Records left out, of which not all models read the same characters: {'; '.join(counts)}.")
    if missing:
        sentences.append(f"Models left out, of which no record can be compared: {'; '.join(missing)}.")
    if sentences:
        log.warning("%s: %s", title, " ".join(sentences))
    return "".join(f" {sentence}" for sentence in sentences)


def held_out_grid(arms_by_label: Mapping[str, Sequence[Arm]], sets: Sequence[str]) -> Grid:
    """Every arm's last model on every held-out set."""
    bits_of_sets = {name: record_bits(arms_by_label, name) for name in sets}
    columns = tuple(
        Column(name=f"{name}_bits_per_char", label=f"{name}, bits/char", better="lower", scale=1.0, digits=3)
        for name in sets
    )
    note = f"Held-out answers, all bits over all characters. {METHOD}"
    note += _warn_of_left_out(bits_of_sets, "Held-out text")
    rows = tuple((label, tuple(bits.mean(label) for bits in bits_of_sets.values())) for label in arms_by_label)
    return Grid(key="held-out/last", title="Held-out text", columns=columns, rows=rows, corner="arm", note=note)


def held_out_tests(arms_by_label: Mapping[str, Sequence[Arm]], sets: Sequence[str], reference: str) -> Note | None:
    """Every arm against the reference on every held-out set, corrected together."""
    tests: list[tuple[str, ArmComparison]] = []
    for name in sets:
        bits = record_bits(arms_by_label, name)
        last = {label: values[""] for label, values in bits.by_label.items() if "" in values}
        if not bits.groups or reference not in last:
            continue
        others = {label: values for label, values in last.items() if label != reference}
        comparisons = compare_with_reference(last[reference], others, bits.groups, bits.weights)
        tests += [(f"{name}, bits/char", comparison) for comparison in comparisons]
    return tests_note(f"Held-out text: arms against {reference}", correct_together(tests), reference, BITS)


def correct_together(tests: Sequence[tuple[str, ArmComparison]]) -> list[tuple[str, ArmComparison]]:
    """Tests, each with the name of its measure, with p corrected over all of the same measure."""
    corrected = correct([measure for measure, _ in tests], [test.comparison for _, test in tests])
    return [
        (measure, replace(test, comparison=comparison))
        for (measure, test), comparison in zip(tests, corrected, strict=True)
    ]


def tests_note(title: str, tests: Sequence[tuple[str, ArmComparison]], reference: str, column: Column) -> Note | None:
    """Tests as a finished table, with values written as in a column; None where there is no test."""
    rows = []
    for measure, test in tests:
        comparison = test.comparison
        by_seed = "; ".join(f"{seed}: {column.write(value)}" for seed, value in test.by_seed.items())
        p_values = write_p(comparison.p, comparison.untested), write_p(comparison.adjusted, comparison.untested)
        interval = f"[{column.write(comparison.low)}, {column.write(comparison.high)}]"
        sizes = str(comparison.n), str(comparison.groups)
        rows.append((measure, test.label, column.write(comparison.difference), interval, *p_values, by_seed, *sizes))
    if not rows:
        return None
    head = ("measure", "arm", f"arm − {reference}", "95 % interval", "p", "p (Holm)", "by seed", "n", "groups")
    numbers = (
        PairedTest(measure=measure, first=test.label, second=reference, comparison=test.comparison)
        for measure, test in tests
    )
    return Note(title=title, head=head, rows=tuple(rows), text=METHOD, tests=tuple(numbers))


def forgetting_grid(arms_by_label: Mapping[str, Sequence[Arm]], sets: Sequence[str]) -> Grid:
    """After each stage: bits per character of every set, and the change by that stage alone."""
    cells: dict[str, list[Interval | None]] = {}
    bits_of_sets = {name: _bits_after_stages(arms_by_label, name) for name in sets}
    for bits in bits_of_sets.values():
        for label, arms in arms_by_label.items():
            models = arms[0].models
            for number, model in enumerate(models):
                row = cells.setdefault(f"{label}: {model}", [])
                row.append(bits.mean(label, model))
                row.append(None if number < _UNTRAINED else bits.change(label, models[number - 1], model))
    columns = []
    for name in sets:
        columns += [
            Column(name=f"{name}_{c.name}", label=f"{name}, {c.shown}", better="neither", scale=1.0, digits=3)
            for c in (BITS, CHANGE)
        ]
    note = "A change above 0 on text that the stage was not trained on is what it forgot."
    note += _warn_of_left_out(bits_of_sets, "After each stage")
    rows = tuple((label, tuple(row)) for label, row in cells.items())
    return Grid(
        key="stages/forgetting",
        title="After each stage",
        columns=tuple(columns),
        rows=rows,
        corner="arm: model",
        note=note,
    )


def _bits_after_stages(arms_by_label: Mapping[str, Sequence[Arm]], name: str) -> RecordBits:
    """Bits under every model; under all but the base where it reads no record as the others do."""
    bits = record_bits(arms_by_label, name, lambda arm: arm.models)
    if bits.groups:
        return bits
    bases = tuple(f"{label}: {arms[0].models[0]}" for label, arms in arms_by_label.items())
    bits = record_bits(arms_by_label, name, lambda arm: arm.models[1:])
    return replace(bits, missing=(*bases, *bits.missing))


def kept_share(arm: Arm) -> tuple[int, int] | None:
    """Records of the specialty that passed, and all that were read, in the stages trained on them."""
    for stage in arm.stages:
        source = stage["data"]["sources"].get(SPECIFIC)
        if source is not None:
            return source["records"], source["records"] + sum(source["unselected"].values())
    return None


def read_cost(arm: Arm) -> float | None:
    """Dollars that the records of the specialty cost, where filter.py's folder tells."""
    path = arm.override(f"sources.{SPECIFIC}.path")
    for folder in (Path(path), Path(path).parent) if path else ():
        if (folder / "funnel.json").is_file():
            content = json.loads((folder / "funnel.json").read_text("utf-8"))
            steps = content if isinstance(content, list) else content.get("funnel", [])
            spends = (spend for step in steps for spend in step["notes"].get("spend", {}).values())
            return float(sum(spend["usd"] for spend in spends))
    return None


def frontier_grid(arms_by_label: Mapping[str, Sequence[Arm]]) -> Grid | None:
    """Tabulates what each arm's filter keeps, what a kept record cost, and what the model achieves on the specialty.

    Returns:
        None where no arm filters anything.
    """
    shares = {label: [kept_share(arm) for arm in arms] for label, arms in arms_by_label.items()}
    if all(share is None or share[0] == share[1] for of_label in shares.values() for share in of_label):
        return None
    with_text = all(arm.texts.get(SPECIFIC) for arms in arms_by_label.values() for arm in arms)
    bits = record_bits(arms_by_label, SPECIFIC) if with_text else None
    rows = []
    for label, arms in arms_by_label.items():
        counts = [share for share in shares[label] if share is not None]
        kept = _mean([passed for passed, _ in counts])
        share = _mean([passed / read for passed, read in counts if read])
        usd = read_cost(arms[0])
        cost = None if usd is None or not kept or not kept.value else _exactly(usd / kept.value, len(counts))
        tokens = _mean([stage["data"]["epoch"]["learnt_tokens"] for arm in arms for stage in arm.stages[-1:]])
        rows.append((label, (kept, share, cost, tokens, bits.mean(label) if bits else None)))
    columns = (
        Column(name="kept", label="records kept", better="neither", scale=1.0, digits=0),
        Column(name="kept_share", label="kept, %", better="neither"),
        Column(name="usd_per_record", label="US$ per kept record", better="neither", scale=1.0, digits=5),
        Column(name="learnt_tokens", label="learnt tokens an epoch", better="neither", scale=1.0, digits=0),
        Column(name=SPECIFIC_BITS, label=f"{SPECIFIC}, bits/char", better="lower", scale=1.0, digits=3),
    )
    note = "Arms with selection=random hold as many records as the filter keeps, drawn at random: its control."
    return Grid(key=FRONTIER, title="What is kept", columns=columns, rows=tuple(rows), corner="arm", note=note)


def selection_kind(label: str) -> str:
    """An arm's label without its threshold: arms of one kind are one line of the frontier."""
    parts = [part for part in label.split(", ") if not part.startswith("selection.threshold=")]
    return ", ".join(parts) or "selection"


def _mean(values: Sequence[float]) -> Interval | None:
    return _exactly(sum(values) / len(values), len(values)) if values else None


def _exactly(value: float, n: int) -> Interval:
    """A number without an interval."""
    return Interval(value, math.nan, math.nan, n, n)
