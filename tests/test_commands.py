"""What the three scripts share: jobs, mistakes in one line, words that are expanded, and command lines of old."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf, read_write

from hypnos import commands
from hypnos.commands import direct_search, name_files, name_sweep, planned_arms, renew, start
from hypnos.errors import Interrupted, UserError

ROOT = Path(__file__).parents[1]


@pytest.fixture
def begun(compose, tmp_path, monkeypatch):
    """A configuration as Hydra hands it over, in a run or in a job of a multirun."""

    def begin(values, *, mode=RunMode.RUN, overrides=()):
        compose("filter", [])
        hydra_config = HydraConfig.get()
        with read_write(hydra_config):
            hydra_config.mode = mode
            hydra_config.overrides.task = list(overrides)
            hydra_config.runtime.output_dir = str(tmp_path / "output")
        return OmegaConf.create(values)

    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    return begin


class TestStart:
    def test_a_job_has_plain_values_a_builder_and_a_folder(self, begun, tmp_path):
        with start(begun({"a": 1, "b": {"c": "${a}"}})) as job:
            assert job.config == {"a": 1, "b": {"c": 1}} and type(job.config["b"]) is dict
            assert job.build({"_target_": "builtins.dict", "x": 2}) == {"x": 2}
            assert (job.output, job.sweeping) == (tmp_path / "output", False)

    @pytest.mark.parametrize(
        ("error", "status"), [(UserError("the file is gone"), 1), (Interrupted("the same command goes on"), 130)]
    )
    def test_what_a_user_can_mend_is_one_line_and_a_status(self, begun, capsys, error, status):
        with pytest.raises(SystemExit) as ended, start(begun({})):
            raise error
        assert ended.value.code == status
        assert capsys.readouterr().err == f"error: {error}\n"

    def test_a_value_that_is_missing_is_named_in_one_line(self, begun, capsys):
        with pytest.raises(SystemExit) as ended, start(begun({"model": {"path": "???"}})):
            raise AssertionError("nothing may begin")
        assert ended.value.code == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ") and "model.path" in line

    def test_a_mistake_of_ours_keeps_its_traceback(self, begun):
        with pytest.raises(ZeroDivisionError), start(begun({})):
            1 / 0  # noqa: B018

    def test_an_arm_that_fails_leaves_its_error_and_the_other_arms_to_run(self, begun, tmp_path):
        config = begun({}, mode=RunMode.MULTIRUN, overrides=["seed=1"])
        with pytest.raises(UserError), start(config, arm_of="train.py"):
            raise UserError("tuning.lr -1: must be above 0")
        failed = json.loads((tmp_path / "output" / "failed.json").read_text("utf-8"))
        assert failed == {"error": "tuning.lr -1: must be above 0"}
        with start(config, arm_of="train.py") as job:
            assert job.sweeping
        assert not (tmp_path / "output" / "failed.json").exists()

    def test_a_job_of_filter_or_evaluate_is_no_arm(self, begun, tmp_path):
        with pytest.raises(UserError), start(begun({}, mode=RunMode.MULTIRUN)):
            raise UserError("no")
        assert not (tmp_path / "output" / "failed.json").exists()
        assert sys.argv == ["pytest"]

    def test_further_ranks_of_an_arm_join_it_in_its_folder(self, begun, tmp_path):
        config = begun({}, mode=RunMode.MULTIRUN, overrides=["seed=1", "devices=2"])
        with start(config, arm_of="train.py"):
            assert sys.argv == ["train.py", "seed=1", "devices=2", "hydra.mode=RUN"]
            assert HydraConfig.get().run.dir == str(tmp_path / "output")


def test_a_search_is_told_the_direction_of_its_objective():
    told = "hydra.sweeper.direction='${direction:${objective}}'"
    assert direct_search(["-m", "hydra/sweeper=optuna", "seed=1"]) == ["-m", told, "hydra/sweeper=optuna", "seed=1"]
    assert direct_search(["-m", "seed=1,2"]) == ["-m", "seed=1,2"]
    by_hand = ["hydra/sweeper=optuna", "hydra.sweeper.direction=maximize"]
    assert direct_search(by_hand) == by_hand


@pytest.mark.parametrize(
    ("word", "expanded"),
    [
        ("input=pairs.jsonl", ["input=files", "input.path='pairs.jsonl'"]),
        ("input=/data", ["input=files", "input.path='/data'"]),
        ("input=hub:owner/name", ["input=files", "input.path='hub:owner/name'"]),
        ("input=documents", ["input=documents"]),
        ("input.path=pairs.jsonl", ["input.path=pairs.jsonl"]),
        ("seed=1.5", ["seed=1.5"]),
    ],
)
def test_a_file_may_stand_where_a_kind_of_input_does(word, expanded):
    assert name_files(["-m", word]) == ["-m", *expanded]


def test_a_sweep_is_compared_by_its_name():
    assert name_sweep(["sweep=strategy", "compare.reference=mixed"]) == [
        "compare.sweep=strategy",
        "compare.reference=mixed",
    ]


class TestPlannedArms:
    def plan(self, folder, *, target="hydra._internal.core_plugins.basic_sweeper.BasicSweeper", params=None, task=()):
        sweeper = {"_target_": target, "params": params}
        OmegaConf.save({"hydra": {"sweeper": sweeper, "overrides": {"task": list(task)}}}, folder / "multirun.yaml")
        return planned_arms(folder)

    def test_every_combination_of_what_the_file_and_the_command_line_turn(self, tmp_path):
        found = self.plan(tmp_path, params={"experiment": "a,b"}, task=["seed=1,2", "logger=none"])
        assert found == [
            ["experiment=a", "seed=1", "logger=none"],
            ["experiment=a", "seed=2", "logger=none"],
            ["experiment=b", "seed=1", "logger=none"],
            ["experiment=b", "seed=2", "logger=none"],
        ]

    def test_a_search_and_a_folder_without_a_start_plan_nothing(self, tmp_path):
        assert planned_arms(tmp_path) == []
        assert self.plan(tmp_path, target="hydra_plugins.optuna.OptunaSweeper", task=["seed=1,2"]) == []


RENEWED = [
    ("train.py", "sweep=none", []),
    ("train.py", "entries.folder.device=cpu", ["inference.device=cpu"]),
    ("train.py", "entry@entries.folder=folder", ["answerer@entries.folder=folder"]),
    ("train.py", "task/prompt@tasks.aneqa.prompt=case", ["tasks/prompt@tasks.aneqa.prompt=case"]),
    ("filter.py", "source=documents input.path=x", ["input=documents", "input.path=x"]),
    ("filter.py", "source=files source.path=/data/b.csv", ["input=files", "input.path=/data/b.csv"]),
    ("filter.py", "input=files source.encoding=gb18030 input.path=x", ["input=files", "input.encoding=gb18030", "input.path=x"]),
    ("filter.py", "source=/data/cases.jsonl", ["input=/data/cases.jsonl"]),
    ("filter.py", "publish=wandb publish.records=true", ["publish=funnel", "publish.records=true"]),
    ("filter.py", "publish=none", []),
    ("evaluate.py", "judge@judges.first=gpt4 judges.first.limit=50", ["llm@judges.first=gpt4", "judging.limit=50"]),
    ("evaluate.py", "llm@judges.first=gpt4 judges.first.modes=[absolute]", ["llm@judges.first=gpt4", "judging.modes=[absolute]"]),
    ("evaluate.py", "+judge@judges.third=claude", ["+llm@judges.third=claude"]),
    ("evaluate.py", "judge@judges.second=none", []),
    (
        "evaluate.py",
        "judge@judges.first=own judges.first.model.model=hosted_vllm/a.b",
        ["llm@judges.first=openai_compatible", "judges.first.model=hosted_vllm/a.b"],
    ),
    (
        "evaluate.py",
        "judge@judges.first=recorded judges.first.model.path=r.jsonl judges.first.model.model=m"
        " +judges.first.model.parameters.temperature=0",
        [
            *("llm@judges.first=recorded", "judges.first.path=r.jsonl", "judges.first.model=m"),
            "+judges.first.parameters.temperature=0",
        ],
    ),
    ("evaluate.py", "raters=none", []),
    ("evaluate.py", "share=none", []),
    (
        "evaluate.py",
        "share=wandb share.answers=5 share.mode=disabled",
        ["publish=report", "publish.answers=5", "publish.mode=disabled"],
    ),
    ("evaluate.py", "entries.folder.rows=4", ["inference.rows=4"]),
]  # fmt: skip


@pytest.mark.parametrize(("script", "line", "renewed"), RENEWED, ids=[line for _, line, _ in RENEWED])
def test_a_command_line_of_old_does_what_it_did_and_learns_the_new_words(compose, capsys, script, line, renewed):
    words = line.split()
    assert renew(script, words) == renewed
    notes = capsys.readouterr().err.splitlines()
    assert [note.split()[1] for note in notes] == [word for word in words if word not in renewed]
    assert all(note.startswith("note: ") for note in notes)
    assert renew(script, renewed) == renewed and capsys.readouterr().err == ""
    composed = name_files(renewed) if script == "filter.py" else renewed
    assert compose(script.removesuffix(".py"), composed)


@pytest.mark.parametrize(
    ("script", "line", "now"),
    [
        ("filter.py", "publish=report", "publish=funnel"),
        ("filter.py", "step.generate.both=true", "preferences=second_answers"),
        ("evaluate.py", "publish=funnel", "publish=report"),
        (
            "evaluate.py",
            "judge@judges.first=gpt4 judge@judges.second=claude judges.first.limit=50",
            "judging.limit=50, of all judges",
        ),
        ("evaluate.py", "judge@judges.first=default", "llm@judges.first=<a file of conf/llm>"),
        ("evaluate.py", "llm@judges.first.model=qwen", "llm@judges.first=qwen"),
    ],
)
def test_what_has_no_exact_counterpart_ends_with_the_words_to_write(capsys, script, line, now):
    with pytest.raises(SystemExit) as ended:
        renew(script, line.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {script}: no {line.split()[-1]}; now: {now}"


@pytest.mark.parametrize("script", ["train.py", "filter.py", "evaluate.py"])
def test_a_key_ends_with_one_line_that_does_not_repeat_it(capsys, script):
    with pytest.raises(SystemExit) as ended:
        renew(script, ["seed=1", "+authors.first.api_key=very-secret"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {script}: +authors.first.api_key gives api_key a value")
    assert "very-secret" not in line


def test_every_form_of_old_is_tried_here():
    for script, forms in commands.OLD_FORMS.items():
        lines = [word.lstrip("+") for name, line, _ in RENEWED if name == script for word in line.split()]
        for form in forms:
            if form not in commands._LOCAL_MODELS:
                assert any(commands._rewrite(word, [form]) is not None for word in lines), form


@pytest.mark.parametrize("script", ["train.py", "filter.py", "evaluate.py"])
def test_words_of_today_pass_as_they_are(script, capsys):
    words = ["-m", "--cfg", "job", "seed=1,2", "tasks=[cmb]", "tasks.cmb.path=x", "llm@judges.first=gpt4", "~logger"]
    words += ["judges.first.model=gpt-4o", "judging.limit=5", "sources.general.path=a", "+a.source=1"]
    assert renew(script, words) == words
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("script", "word", "line"),
    [
        ("filter.py", "publish=report", "error: filter.py: no publish=report; now: publish=funnel"),
        ("evaluate.py", "publish=funnel", "error: evaluate.py: no publish=funnel; now: publish=report"),
    ],
)
def test_a_script_ends_with_status_2_before_anything_is_composed(tmp_path, script, word, line):
    done = subprocess.run([sys.executable, str(ROOT / script), word], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()) == (2, [line])
    assert list(tmp_path.iterdir()) == []


def test_the_dashboard_is_told_by_its_new_name():
    old = [sys.executable, "-m", "hypnos.report.dashboard", "--entity", "me"]
    done = subprocess.run(old, cwd=ROOT, capture_output=True, text=True)
    now = "error: no hypnos.report.dashboard; now: python -m hypnos.experiment.sweep.dashboard"
    assert (done.returncode, done.stderr.splitlines()) == (2, [now])
