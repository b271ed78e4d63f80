import pytest

from hypnos.experiment.arm_names import LONGEST, name_arm


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
