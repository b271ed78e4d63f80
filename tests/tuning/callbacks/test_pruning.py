"""A trial of a search ends where its held-out curve is worse than the median; a whole search: tests/experiment/test_search.py."""

from types import SimpleNamespace

import pytest

from hypnos.errors import Pruned, UserError
from hypnos.experiment.outcome import clear_outcome, write_pruned
from hypnos.experiment.sweep.arms import read_arm
from hypnos.tuning.callbacks.heldout_curve import HeldOutCurve
from hypnos.tuning.callbacks.pruning import PrunedCurve
from hypnos.tuning.tracking.tracking import Tracking

OBJECTIVE = "anesthesia.bits_per_char"


def one_rank(step: int = 4) -> SimpleNamespace:
    strategy = SimpleNamespace(reduce_boolean_decision=lambda decision, all: decision)
    return SimpleNamespace(is_global_zero=True, global_step=step, strategy=strategy)


class TestWithOptuna:
    @pytest.fixture
    def search(self, tmp_path, monkeypatch):
        """A study with trials that ended at given curves, and the trial of this job, drawn with rate 0.5."""
        optuna = pytest.importorskip("optuna")
        storage = f"sqlite:///{tmp_path / 'rates.db'}"
        study = optuna.create_study(study_name="rates", storage=storage, direction="minimize")

        def begin(*curves, offset=0, **settings):
            for curve in curves:
                trial = study.ask()
                trial.suggest_float("rate", 0.0, 1.0)
                for step, value in curve.items():
                    trial.report(value, offset + step)
                study.tell(trial, list(curve.values())[-1])
            ours = study.ask()
            rate = ours.suggest_float("rate", 0.0, 1.0)
            curve = PrunedCurve(
                storage=storage,
                study="rates",
                drawn=[f"rate={rate}", "seed=1"],
                objective=OBJECTIVE,
                **{"startup_trials": 2, **settings},
            )
            curve.tracking = Tracking(before={}, offset=offset)
            return curve, lambda: optuna.load_study(study_name="rates", storage=storage).trials[-1]

        def measured(values):
            monkeypatch.setattr(HeldOutCurve, "measure", lambda self, trainer, module: values)

        return begin, measured

    def test_a_trial_worse_than_half_of_the_others_ends_with_its_last_value(self, search):
        begin, measured = search
        curve, trial = begin({4: 5.0, 8: 4.0}, {4: 6.0, 8: 5.0}, {4: 7.0, 8: 6.0}, offset=100)
        measured({"anesthesia": 6.5, "general": 1.0})
        with pytest.raises(Pruned, match=r"ended by the search at step 4: 6\.5000 is worse") as ended:
            curve.on_validation_end(one_rank(), None)
        assert (ended.value.value, ended.value.step) == (6.5, 4)
        assert trial().intermediate_values == {104: 6.5} and trial().user_attrs == {"pruned_at_step": 104}

    def test_a_better_one_goes_on_and_is_told_of(self, search):
        begin, measured = search
        curve, trial = begin({4: 5.0}, {4: 6.0}, {4: 7.0})
        for step, value in ((4, 5.5), (8, 5.0)):
            measured({"anesthesia": value})
            curve.on_validation_end(one_rank(step), None)
        assert trial().intermediate_values == {4: 5.5, 8: 5.0} and not trial().user_attrs

    @pytest.mark.parametrize("settings", [{"startup_trials": 4}, {"warmup_steps": 5}])
    def test_the_first_trials_and_the_first_steps_are_spared(self, search, settings):
        begin, measured = search
        curve, trial = begin({4: 5.0}, {4: 6.0}, {4: 7.0}, **settings)
        measured({"anesthesia": 9.0})
        curve.on_validation_end(one_rank(), None)
        assert trial().intermediate_values == {4: 9.0} and not trial().user_attrs

    def test_what_is_not_held_out_and_what_was_not_drawn_is_one_line(self, search):
        begin, measured = search
        curve, _ = begin()
        measured({"general": 1.0})
        with pytest.raises(UserError, match="callbacks pruned: nothing is held out of anesthesia"):
            curve.on_validation_end(one_rank(), None)
        measured({"anesthesia": 1.0})
        curve._drawn = {"seed=1"}
        with pytest.raises(UserError, match="callbacks pruned: no trial of study rates runs in this job"):
            curve.on_validation_end(one_rank(), None)


def test_what_cannot_be_pruned_is_refused_before_anything_is_made():
    with pytest.raises(UserError, match=r"objective aneqa\.rouge_l: pruning looks at held-out text alone"):
        PrunedCurve(storage="sqlite:///a.db", study="a", drawn=[], objective="aneqa.rouge_l")
    with pytest.raises(UserError, match=r"hydra\.sweeper\.storage=sqlite:///<file> hydra\.sweeper\.study_name=<name>"):
        PrunedCurve(storage="sqlite:///a.db", study=None, drawn=[], objective=OBJECTIVE)


def test_a_pruned_trial_is_told_from_one_that_was_stopped(tmp_path):
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text("- seed=1\n", "utf-8")
    write_pruned(tmp_path, Pruned(value=6.5, step=4))
    assert read_arm(tmp_path).state == "pruned"
    clear_outcome(tmp_path)
    assert read_arm(tmp_path).state == "unfinished"
