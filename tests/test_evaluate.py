import os
import subprocess
import sys
from pathlib import Path

import pytest

from hypnos.artefacts.config_check import bind_targets

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"


def run(code: str) -> list[str]:
    """The last lines a process prints that has this folder first on its path, as a command has."""
    script = f"import sys; sys.path[0] = {str(ROOT)!r}\n{code}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()


IS_REAL = "import evaluate; print(evaluate.Metric.__module__, evaluate.__version__ > '0', evaluate.__file__)"


@pytest.mark.slow
def test_the_package_evaluate_arrives_in_every_command_in_workers_and_here():
    """`import evaluate` finds our command first, and gets the package of that name all the same (TRAPS 26)."""
    import evaluate

    assert Path(evaluate.__file__).resolve().parent != ROOT
    assert evaluate.Metric.__module__ == "evaluate.module"
    for command in ("train.py", "filter.py", "evaluate.py"):
        shown = run(
            f"import runpy; sys.argv = ['{command}', '--cfg', 'job']\n"
            f"runpy.run_path({str(ROOT / command)!r}, run_name='__main__')\n{IS_REAL}"
        )[-1].split()
        assert shown[:2] == ["evaluate.module", "True"], command
        assert Path(shown[2]).parent.parent != ROOT
    for command in ("train.py", "evaluate.py"):
        # A spawned worker executes the command's file once more, under another name, before it works.
        worker = run(
            "import multiprocessing, __main__\n"
            f"__main__.__file__ = {str(ROOT / command)!r}\n"
            "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
            "    print(pool.apply(eval, ('__import__(\"evaluate\").Metric.__module__',)))\n"
            '    print(pool.apply(eval, (\'"main" in vars(__import__("__mp_main__"))\',)))'
        )
        assert worker[-2:] == ["evaluate.module", "True"], command


def test_without_the_package_the_command_says_so():
    code = "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\ntry:\n    import evaluate\n"
    assert run(f"{code}except ModuleNotFoundError as error:\n    print(error.name, '|', error)")[-1] == (
        "evaluate | No module named 'evaluate'"
    )


def test_the_job_is_shown_without_heavy_imports():
    heavy = {"torch", "transformers", "litellm", "datasets", "pandas", "evaluate", "matplotlib"}
    code = (
        "import runpy; sys.argv = ['evaluate.py', '--cfg', 'job']\n"
        f"runpy.run_path({str(ROOT / 'evaluate.py')!r}, run_name='__main__')\nprint(sorted({heavy!r} & set(sys.modules)))"
    )
    shown = run(code)
    assert shown[-1] == "[]" and "likelihood: auto" in shown


@pytest.mark.parametrize("task", sorted(file.stem for file in (CONF / "tasks").glob("*.yaml")))
def test_every_task_is_chosen_by_its_name_and_binds(compose, task):
    config = compose("evaluate", [f"tasks=[{task}]"])
    assert list(config["tasks"]) == [task] and config["tasks"][task]["name"] == task
    assert bind_targets(config["tasks"]) >= 3


BASELINES = sorted(
    file.stem for file in (CONF / "baselines").glob("*.yaml") if file.read_text("utf-8").startswith("# @package")
)


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_composes_under_its_name_and_binds(compose, name):
    missing = {"path": "path", "base": "base", "model": "chat.model"}
    text = (CONF / "baselines" / f"{name}.yaml").read_text("utf-8")
    overrides = [f"baselines.{name}.{missing[key]}=given" for key in ("path", "base") if f"\n{key}: ???" in text]
    if name == "server":
        overrides.append("baselines.server.chat.model=hosted_vllm/given")
    config = compose("evaluate", [f"baselines=[{name}]", *overrides])
    assert list(config["baselines"]) == [name]
    assert bind_targets(config) > 10
    assert "ntested" in text or name == "server"


def test_the_models_of_the_papers_field_are_there():
    field = {"huatuogpt2", "zhongjing", "bentsao", "bianque", "doctorglm", "medicalgpt", "chatmed"}
    assert field | {"gpt35", "gpt4", "claude", "qwen", "llama"} <= set(BASELINES)


def test_baselines_tasks_judges_and_raters_stand_side_by_side(compose):
    config = compose(
        "evaluate",
        [
            "baselines=[gpt4,qwen]",
            "tasks=[cmb,aneqa]",
            "tasks.cmb.path=/data",
            "tasks.cmb.shots.number=5",
            "llm@judges.first=gpt4",
            "llm@judges.second=claude",
            "judging.limit=7",
            "raters=default",
            "publish=report",
            "sampling.temperature=0.5",
        ],
    )
    assert list(config["tasks"]) == ["cmb", "aneqa"] and config["tasks"]["cmb"]["shots"]["number"] == 5
    assert config["judging"]["limit"] == 7 and config["judges"]["second"]["name"] == "claude"
    assert config["baselines"]["qwen"]["sampling"]["temperature"] == 0.5
    assert config["publish"]["_target_"].endswith("WandbReport") and compose("evaluate", [])["publish"] is None
    assert bind_targets(config) > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("models=[./gone]", "./gone: no such folder"),
        ("models=[answers:gone.jsonl]", "gone.jsonl: no such file of answers"),
        ("models=[nobody-knows-me]", "models: nobody-knows-me is no folder, and no model that litellm knows"),
        ("models=[]", "models: none given, and no run of train.py left results.json"),
        ("likelihood=letter", "likelihood: letter: must be auto or a list, each one of letters, texts, yes_no"),
    ],
)
def test_a_users_mistake_is_one_line(tmp_path, override, named):
    answers = tmp_path / "a.jsonl"
    answers.write_text('{"id": "x", "answer": "y"}\n', "utf-8")
    overrides = [override] if override.startswith("models") else [override, f"models=[answers:{answers}]"]
    command = [sys.executable, str(ROOT / "evaluate.py"), *overrides, "paths.outputs=out", "paths.artefacts=art"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert named in line
