"""Figures of a sweep, and the curves that they are drawn from."""

from dataclasses import replace

from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.figures import draw_sweep, learning_curves, read_curve
from hypnos.experiment.sweep.tables import finished_arms
from hypnos.report.tables.table import Grid


def test_a_curve_is_joined_over_a_stop(sweep):
    folder = sweep / "experiment=mixed__seed=1" / "anesthesia"
    assert read_curve(folder, "train/loss") == [(0.0, 9.0), (1.0, 8.0), (3.0, 7.0)]
    assert read_curve(folder, "val/bits_per_char") == []


def test_a_stage_that_an_arm_did_not_train_itself_has_no_curve_of_it(sweep):
    (sweep / "experiment=mixed__seed=2" / "anesthesia" / "metrics.csv").unlink()
    (sweep / "experiment=mixed__seed=2" / "anesthesia" / "metrics-1.csv").unlink()
    curves = learning_curves(finished_arms(read_arms(sweep)), "train/loss")
    assert {label: len(of_seeds) for label, of_seeds in curves["anesthesia"].items()} == {
        "general_to_specific": 2,
        "mixed": 1,
    }


def test_a_model_that_read_nothing_has_no_point_among_the_stages(sweep, tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(
        "hypnos.experiment.sweep.figures.line_plot", lambda path, **given: drawn.update({path.name: given})
    )
    arm = next(one for one in read_arms(sweep) if one.state == "finished")
    unread = {name: {**value, "tokens": 0, "bits_per_char": 0.0} for name, value in arm.measures["vocabulary"].items()}
    part = replace(arm, measures={**arm.measures, "vocabulary": unread})
    nothing = replace(arm, measures=dict.fromkeys(arm.measures, unread))
    held_out = Grid(key="held_out", title="", columns=(), rows=())
    list(draw_sweep(tmp_path, {"part": [part, arm], "nothing": [nothing]}, ["anesthesia"], held_out))
    ticks, lines = drawn["stages.png"]["ticks"], drawn["stages.png"]["lines"]
    bits = arm.measures["anesthesia"]["anesthesia"]["bits_per_char"]
    assert ticks == ["vocabulary", "anesthesia"]
    assert lines == {"part: anesthesia": [[(1.0, bits)], [(0.0, bits + 2), (1.0, bits)]]}
