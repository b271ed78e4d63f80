"""Arms, read from their folders."""

import json

import pytest

from hypnos.errors import UserError
from hypnos.experiment.sweep.arms import find_sweep, read_arms


def test_arms_are_named_by_what_differs_and_stand_in_the_order_of_the_sweep(sweep):
    arms = read_arms(sweep)
    assert [(arm.label, arm.seed, arm.state) for arm in arms] == [
        ("general_to_specific", "1", "finished"),
        ("general_to_specific", "2", "finished"),
        ("mixed", "1", "finished"),
        ("mixed", "2", "finished"),
        ("specific_only", "1", "failed"),
        ("general_only", "1", "unfinished"),
    ]
    assert arms[0].texts["anesthesia"].characters["anesthesia"]["anesthesia/r0"] == 15
    assert arms[0].texts["anesthesia"].bits["anesthesia"]["anesthesia/r0"] == pytest.approx(75.0)


def test_a_sweep_is_found_by_name_or_folder(sweep, tmp_path):
    assert find_sweep("mine", tmp_path / "outputs") == sweep
    assert find_sweep(str(sweep), tmp_path) == sweep


def test_a_sweep_that_is_not_there_or_is_none_is_one_line(sweep, tmp_path):
    with pytest.raises(UserError, match=r"no sweep 'yours' \(below .*: mine\)"):
        find_sweep("yours", tmp_path / "outputs")
    (tmp_path / "outputs" / "sweeps" / "empty").mkdir()
    with pytest.raises(UserError, match="empty holds no sweep"):
        find_sweep("empty", tmp_path / "outputs")


def test_arms_measured_on_other_text_cannot_be_compared(sweep, write_arm):
    write_arm(sweep, "experiment=replay", "seed=1", number=9, heldout="other")
    with pytest.raises(UserError, match=r"cannot be compared: the held-out text of anesthesia is not the same"):
        read_arms(sweep)


def test_arms_of_which_one_lacks_a_held_out_set_cannot_be_compared(sweep):
    first = sweep / read_arms(sweep)[0].folder.name / "arm.json"
    arm = json.loads(first.read_text())
    arm["key"]["heldout"]["general"] = "k"
    first.write_text(json.dumps(arm))
    with pytest.raises(UserError, match=r"the held-out text of general is not the same"):
        read_arms(sweep)


def test_the_last_override_of_a_key_counts(sweep, write_arm):
    write_arm(sweep, "experiment=replay", "data_share=0.5", "+data_share=0.25", number=9)
    arm = read_arms(sweep)[-1]
    assert arm.override("data_share") == "0.25" and arm.override("experiment") == "replay"
    assert arm.override("share") is None
