"""Notes of a sweep: hours, seeds and the state of every arm."""

from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.notes import uneven_seeds
from hypnos.experiment.sweep.report import write_sweep_report
from hypnos.experiment.sweep.tables import finished_arms


def test_hours_and_dollars_count_every_device(report):
    (hours,) = [note for note in report.notes if note.title == "Time"]
    assert hours.rows[0][4:] == ("0.020", "0.04")  # 36 s on two devices
    assert hours.rows[-1][4:] == ("0.080", "0.16")


def test_arms_that_have_yet_to_start_are_listed(sweep, tmp_path):
    asked = ["sweep=mine", "paths.artefacts=elsewhere", "model.recipe.pieces=2000"]
    started = read_arms(sweep)
    planned = [[*asked, "experiment=general_to_specific", "seed=9"], [*asked, "experiment=replay", "seed=1"]]
    arms = read_arms(sweep, planned)
    assert arms[: len(started)] == started
    assert [(arm.label, arm.seed, arm.state) for arm in arms[len(started) :]] == [
        ("general_to_specific", "9", "not started"),
        ("replay", "1", "not started"),
    ]
    report = write_sweep_report(tmp_path / "report", name="mine", arms=arms)
    (note,) = [note for note in report.notes if note.title == "Arms"]
    assert sum(row[2] == "not started" for row in note.rows) == 2


def test_arms_with_other_seeds_are_named(sweep, write_arm):
    assert not list(uneven_seeds(finished_arms(read_arms(sweep))))
    write_arm(sweep, "experiment=replay", "seed=1", number=9)
    (note,) = uneven_seeds(finished_arms(read_arms(sweep)))
    assert note.rows == (("general_to_specific", "1, 2"), ("mixed", "1, 2"), ("replay", "1"))
