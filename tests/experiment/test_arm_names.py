import json

import pytest

from hypnos.errors import Interrupted, UserError
from hypnos.experiment.arm_names import LONGEST, name_arm
from hypnos.experiment.failures import kept_failure


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "default"),
        (["experiment=mixed", "seed=1"], "mixed__seed-1"),
        (["sweep=strategy", "experiment=mixed", "paths.artefacts=/a/b", "devices=2"], "mixed"),
        (["hydra/launcher=joblib", "selection.threshold=7"], "selection.threshold-7"),
        (["logger=wandb", "logger.wandb.project=x", "strategy=ddp", "accelerator=gpu"], "default"),
    ],
)
def test_an_arm_is_named_by_what_was_asked_for(overrides, name):
    assert name_arm(overrides) == name


def test_no_two_arms_share_a_folder_and_no_name_means_anything_to_a_shell():
    asked = [["a=/x/y"], ["a=/x,y"], ["a=[x,y]"], ["a=x y"], ["b=" + "x" * 300], ["b=" + "x" * 301]]
    names = [name_arm(overrides) for overrides in asked]
    assert len(set(names)) == len(asked)
    assert all(len(name) <= LONGEST + 9 and not set(name) & set("/,=[]' $") for name in names)


def test_a_failure_is_kept_in_one_line_and_goes_with_the_next_start(tmp_path):
    with pytest.raises(UserError), kept_failure(tmp_path / "arm"):
        raise UserError("tuning.lr -1 must be above 0")
    file = tmp_path / "arm" / "failed.json"
    assert json.loads(file.read_text()) == {"error": "tuning.lr -1 must be above 0"}
    with pytest.raises(RuntimeError), kept_failure(tmp_path / "arm"):
        raise RuntimeError("out of memory\nand much more")
    assert json.loads(file.read_text()) == {"error": "RuntimeError: out of memory"}
    with kept_failure(tmp_path / "arm"):
        assert not file.exists()


def test_an_arm_that_was_stopped_has_not_failed(tmp_path):
    with pytest.raises(Interrupted), kept_failure(tmp_path):
        raise Interrupted("stopped at step 3")
    assert not list(tmp_path.iterdir())


def test_ranks_beside_the_first_write_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(UserError), kept_failure(tmp_path):
        raise UserError("x")
    assert not list(tmp_path.iterdir())
