"""Figures of a sweep, and the curves that they are drawn from."""

from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.figures import learning_curves, read_curve
from hypnos.experiment.sweep.tables import finished_arms


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
