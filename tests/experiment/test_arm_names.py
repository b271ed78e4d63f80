import pytest

from hypnos.experiment.arm_names import LONGEST, name_arm, name_job


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


def test_a_name_of_chinese_characters_fits_a_file_system(tmp_path):
    name = name_arm([f"sources.general.path=/data/{'麻醉' * 50}.jsonl"])
    (tmp_path / name).mkdir()
    assert len(name.encode()) <= 255 and name != name_arm([f"sources.general.path=/data/{'麻醉' * 51}.jsonl"])


def test_jobs_of_filter_and_evaluate_are_told_apart_by_all_that_is_asked(tmp_path):
    rules = (
        "confused_drug",
        "boilerplate",
        "placeholder",
        "repetition",
        "unbalanced",
        "truncated",
        "restates",
        "refusal",
    )
    long = [f"step.clean.rules.{name}=null" for name in rules]
    names = {name_job([*long, f"selection.threshold={value}"]) for value in (6, 7)}
    assert len(names) == 2
    for name in names:
        (tmp_path / name).mkdir()
    assert name_job(["tasks=[anecq]"]) != name_job(["tasks=[aneqa]"])
    assert name_job(["selection.threshold=6", "hydra.mode=MULTIRUN"]) == "selection.threshold-6"
