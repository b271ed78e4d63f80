"""What a sweep shows, as tables: held-out text, forgetting, and what was kept."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypnos.experiment.sweep.arms import Arm, by_label
from hypnos.experiment.sweep.seeds import METHOD, Against, Table, against, mean_over_seeds
from hypnos.report.results import Note
from hypnos.report.statistics.intervals_and_tests import Interval, holm
from hypnos.report.tables.metric_tables import write_p
from hypnos.report.tables.table import Column, Grid

SPECIALTY = "anesthesia"
"""The held-out set by which a filter is judged."""

FRONTIER = "selection/frontier"
"""Key of the table of what is kept."""

BITS = Column(name="bits_per_char", label="bits per character", better="lower", scale=1.0, digits=3)
CHANGE = Column(name="change", label="change", better="lower", scale=1.0, digits=3)


def finished(arms: Sequence[Arm]) -> dict[str, list[Arm]]:
    """Finished arms by label."""
    return by_label([arm for arm in arms if arm.state == "finished"])


def held_out_sets(arms: Sequence[Arm]) -> list[str]:
    """Names of the sets that there is text of."""
    names = dict.fromkeys(name for arm in arms for name, text in arm.texts.items() if text.characters)
    return list(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBits:
    """Bits of the records that all arms have, over the mean number of characters; `weights` are their characters so."""

    by_label: Mapping[str, Mapping[str, Table]]
    groups: list[str]
    weights: list[float]


def record_bits(lines: Mapping[str, Sequence[Arm]], name: str) -> RecordBits:
    """Bits of each record by label, by model of the run (`""` for the last) and by seed.

    Their mean is the measure of the whole set: all bits over all characters.
    """
    texts = [arm.texts[name] for arms in lines.values() for arm in arms]
    records = [record for record in texts[0].characters if all(record in text.characters for text in texts)]
    mean = sum(texts[0].characters[record] for record in records) / max(len(records), 1)
    found: dict[str, dict[str, Table]] = {}
    for label, arms in lines.items():
        of: dict[str, dict[str, list[float]]] = {}
        for arm in arms:
            for model in (*arm.models, ""):
                bits = arm.texts[name].bits[model or arm.last]
                of.setdefault(model, {})[arm.seed] = [bits[record] / mean for record in records]
        found[label] = dict(of)
    return RecordBits(
        by_label=found,
        groups=[texts[0].groups[record] for record in records],
        weights=[texts[0].characters[record] / mean for record in records],
    )


def held_out_grid(lines: Mapping[str, Sequence[Arm]], sets: Sequence[str]) -> Grid:
    """Every arm's last model on every held-out set."""
    cells: dict[str, list[Interval | None]] = {label: [] for label in lines}
    for name in sets:
        bits = record_bits(lines, name)
        for label in lines:
            cells[label].append(mean_over_seeds(bits.by_label[label][""], bits.groups, bits.weights))
    columns = tuple(
        Column(name=f"{name}_bits_per_char", label=f"{name}, bits/char", better="lower", scale=1.0, digits=3)
        for name in sets
    )
    note = f"Held-out answers, all bits over all characters. {METHOD}"
    rows = tuple((label, tuple(cells[label])) for label in lines)
    return Grid(key="held-out/last", title="Held-out text", columns=columns, rows=rows, corner="arm", note=note)


def held_out_tests(lines: Mapping[str, Sequence[Arm]], sets: Sequence[str], reference: str) -> Note | None:
    """Every arm against the reference on every held-out set, corrected together."""
    found: list[tuple[str, Against]] = []
    for name in sets:
        bits = record_bits(lines, name)
        others = {label: bits.by_label[label][""] for label in lines if label != reference}
        tests = against(bits.by_label[reference][""], others, bits.groups, bits.weights)
        found += [(f"{name}, bits/char", one) for one in tests]
    adjusted = holm([one.comparison.p for _, one in found])
    found = [
        (what, replace(one, comparison=replace(one.comparison, adjusted=p)))
        for (what, one), p in zip(found, adjusted, strict=True)
    ]
    return tests_note(f"Held-out text: arms against {reference}", found, reference, BITS)


def tests_note(title: str, found: Sequence[tuple[str, Against]], reference: str, column: Column) -> Note | None:
    """Tests as a finished table."""
    rows = []
    for what, one in found:
        test = one.comparison
        by_seed = "; ".join(f"{seed}: {column.write(value)}" for seed, value in one.by_seed.items())
        p_values = write_p(test.p), write_p(test.adjusted)
        interval = f"[{column.write(test.low)}, {column.write(test.high)}]"
        sizes = str(test.n), str(test.groups)
        rows.append((what, one.label, column.write(test.difference), interval, *p_values, by_seed, *sizes))
    if not rows:
        return None
    head = ("measure", "arm", f"arm − {reference}", "95 % interval", "p", "p (Holm)", "by seed", "n", "groups")
    return Note(title=title, head=head, rows=tuple(rows), text=METHOD)


def forgetting_grid(lines: Mapping[str, Sequence[Arm]], sets: Sequence[str]) -> Grid:
    """After each stage: bits per character of every set, and the change by that stage alone."""
    cells: dict[str, list[Interval | None]] = {}
    for name in sets:
        bits = record_bits(lines, name)
        values, of = bits.by_label, (bits.groups, bits.weights)
        for label, arms in lines.items():
            models = arms[0].models
            for number, model in enumerate(models):
                row = cells.setdefault(f"{label}: {model}", [])
                row.append(mean_over_seeds(values[label][model], *of))
                if number < 2:  # the base and its vocabulary: no stage has changed anything
                    row.append(None)
                    continue
                after, before = values[label][model], values[label][models[number - 1]]
                change = {s: [a - b for a, b in zip(after[s], before[s], strict=True)] for s in after}
                row.append(mean_over_seeds(change, *of))
    columns = []
    for name in sets:
        columns += [
            Column(name=f"{name}_{c.name}", label=f"{name}, {c.shown}", better="neither", scale=1.0, digits=3)
            for c in (BITS, CHANGE)
        ]
    note = "A change above 0 on text that the stage was not trained on is what it forgot."
    rows = tuple((label, tuple(row)) for label, row in cells.items())
    return Grid(
        key="stages/forgetting",
        title="After each stage",
        columns=tuple(columns),
        rows=rows,
        corner="arm: model",
        note=note,
    )


def kept_share(arm: Arm) -> tuple[int, int] | None:
    """Records of the specialty that passed, and all that were read, in the stages trained on them."""
    for stage in arm.stages:
        told = stage["data"]["sources"].get(SPECIALTY)
        if told is not None:
            return told["records"], told["records"] + sum(told["unselected"].values())
    return None


def spent(arm: Arm) -> float | None:
    """Dollars that the records of the specialty cost, where filter.py's folder tells."""
    path = arm.asked(f"sources.{SPECIALTY}.path")
    for folder in (Path(path), Path(path).parent) if path else ():
        if (folder / "funnel.json").is_file():
            told = json.loads((folder / "funnel.json").read_text("utf-8"))
            steps = told if isinstance(told, list) else told.get("funnel", [])
            return float(sum(of["usd"] for step in steps for of in step["notes"].get("spend", {}).values()))
    return None


def frontier_grid(lines: Mapping[str, Sequence[Arm]]) -> Grid | None:
    """What each arm's filter keeps, what a kept record cost, and what the model achieves on the specialty."""
    shares = {label: [kept_share(arm) for arm in arms] for label, arms in lines.items()}
    if all(one is None or one[0] == one[1] for of in shares.values() for one in of):
        return None
    with_text = all(arm.texts.get(SPECIALTY) for arms in lines.values() for arm in arms)
    records = record_bits(lines, SPECIALTY) if with_text else None
    rows = []
    for label, arms in lines.items():
        told = [one for one in shares[label] if one is not None]
        kept = _mean([one[0] for one in told])
        share = _mean([one[0] / one[1] for one in told if one[1]])
        usd = spent(arms[0])
        cost = None if usd is None or not kept or not kept.value else _plain(usd / kept.value, len(told))
        tokens = _mean([stage["data"]["epoch"]["learnt_tokens"] for arm in arms for stage in arm.stages[-1:]])
        bits = mean_over_seeds(records.by_label[label][""], records.groups, records.weights) if records else None
        rows.append((label, (kept, share, cost, tokens, bits)))
    columns = (
        Column(name="kept", label="records kept", better="neither", scale=1.0, digits=0),
        Column(name="kept_share", label="kept, %", better="neither"),
        Column(name="usd_per_record", label="US$ per kept record", better="neither", scale=1.0, digits=5),
        Column(name="learnt_tokens", label="learnt tokens an epoch", better="neither", scale=1.0, digits=0),
        Column(name=f"{SPECIALTY}_bits_per_char", label=f"{SPECIALTY}, bits/char", better="lower", scale=1.0, digits=3),
    )
    note = "Arms with selection=random hold as many records as the filter keeps, drawn at random: its control."
    return Grid(key=FRONTIER, title="What is kept", columns=columns, rows=tuple(rows), corner="arm", note=note)


def selection_kind(label: str) -> str:
    """An arm's label without its threshold: arms of one kind are one line of the frontier."""
    parts = [part for part in label.split(", ") if not part.startswith("selection.threshold=")]
    return ", ".join(parts) or "selection"


def _mean(values: Sequence[float]) -> Interval | None:
    return _plain(sum(values) / len(values), len(values)) if values else None


def _plain(value: float, n: int) -> Interval:
    return Interval(value, math.nan, math.nan, n, n)
