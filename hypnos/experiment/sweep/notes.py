"""Writes what there is to know of a sweep besides its measures: every arm's state, seeds, and hours."""

from collections.abc import Iterator, Mapping, Sequence

from hypnos.experiment.sweep.arms import Arm
from hypnos.report.results import Note


def hours_note(arms: Sequence[Arm], dollars_per_hour: float | None) -> Note | None:
    """Device hours of each arm's stages, and of all that was trained: a shared stage counts once there."""
    rows: list[tuple[str, ...]] = []
    hours_by_stage: dict[str, float] = {}
    for arm in arms:
        if arm.state != "finished":
            continue
        hours = 0.0
        for stage in arm.stages:
            stage_hours = stage["seconds"] / 3600 * stage.get("processes", 1)
            hours_by_stage[stage["key"]] = stage_hours
            hours += stage_hours
        names = "; ".join(f"{stage['name']} {stage['seconds']:,.0f} s, {stage['steps']} steps" for stage in arm.stages)
        device = ", ".join(dict.fromkeys(str(stage.get("device", "?")) for stage in arm.stages))
        rows.append((arm.label, arm.seed, names, device, f"{hours:.3f}", _dollars(hours, dollars_per_hour)))
    if not rows:
        return None
    total = sum(hours_by_stage.values())
    count = f"{len(hours_by_stage)} stages"
    rows.append(("all, shared stages once", "", count, "", f"{total:.3f}", _dollars(total, dollars_per_hour)))
    head = ("arm", "seed", "stages", "device", "device hours", "US$")
    text = "Hours of all devices of a stage, from its last start to its end."
    return Note(title="Time", head=head, rows=tuple(rows), text=text)


def states_note(arms: Sequence[Arm]) -> Note:
    """Every arm, the failed and the unfinished too."""
    rows = tuple((arm.label, arm.seed, arm.state, arm.error, arm.folder.name) for arm in arms)
    done = sum(arm.state == "finished" for arm in arms)
    return Note(
        title="Arms",
        head=("arm", "seed", "state", "error", "folder"),
        rows=rows,
        text=f"{done} of {len(arms)} arms are finished; the same command goes on with the others.",
    )


def uneven_seeds(arms_by_label: Mapping[str, Sequence[Arm]]) -> Iterator[Note]:
    """Say where arms do not have the same seeds."""
    seeds = {label: [arm.seed for arm in arms] for label, arms in arms_by_label.items()}
    if len({tuple(sorted(of_label)) for of_label in seeds.values()}) > 1:
        rows = tuple((label, ", ".join(of_label)) for label, of_label in seeds.items())
        text = "Tests use the seeds that both arms have."
        yield Note(title="Seeds are not the same", head=("arm", "seeds"), rows=rows, text=text)


def _dollars(hours: float, per_hour: float | None) -> str:
    return "–" if per_hour is None else f"{hours * per_hour:.2f}"
