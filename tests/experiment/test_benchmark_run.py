"""The benchmark as a job of a sweep takes it: a random model that is small answers a few questions of each task."""

import json
from functools import partial

import pytest
from hydra.utils import instantiate

from hypnos.benchmark.evaluation import run_evaluation
from hypnos.errors import UserError
from hypnos.experiment.benchmark_run import choose_benchmark_run
from hypnos.experiment.objective import Objective, read_objective

BUILD = partial(instantiate, _convert_="all")
FEW = [
    *("tasks=[aneqa,anecq]", "tasks.aneqa.limit=5", "tasks.anecq.limit=12"),
    *("tasks.aneqa.max_new_tokens=8", "tasks.anecq.max_new_tokens=4"),
]


@pytest.fixture
def choose(compose, tmp_path):
    def make(*overrides, sweeping=True):
        config = compose("train", [*FEW, f"paths.artefacts={tmp_path}/artefacts", *overrides])
        return choose_benchmark_run(config, build=BUILD, sweeping=sweeping)

    return make


def test_jobs_of_a_sweep_take_it_and_a_run_of_its_own_does_when_asked(choose):
    assert choose() and not choose(sweeping=False)
    assert choose("benchmark=true", sweeping=False) and not choose("benchmark=false")
    assert choose("objective=anecq.accuracy", sweeping=False)  # a search cannot do without
    assert not choose("prepare_only=true") and not choose("estimate=true")
    with pytest.raises(UserError, match="no task is answered with benchmark=false"):
        choose("benchmark=false", "objective=anecq.accuracy")
    with pytest.raises(UserError, match="benchmark: 'often'"):
        choose("benchmark=often")


def test_a_model_is_scored_once_and_evaluate_py_finds_its_answers(choose, compose, directory, tmp_path):
    benchmark = choose()
    benchmark.answer(directory, tmp_path)
    told = json.loads((tmp_path / "benchmark.json").read_text("utf-8"))
    assert told["key"] == benchmark.key() and told["model"] == str(directory)
    assert {name: task["questions"] for name, task in told["tasks"].items()} == {"aneqa": 5, "anecq": 12}
    questions = {task["name"]: task for task in json.loads((tmp_path / "questions.json").read_text("utf-8"))}
    likelihood = [v for v in questions["anecq"]["scores"]["accuracy_likelihood"] if v is not None]
    mean = told["tasks"]["anecq"]["scores"]["accuracy_likelihood"]
    assert mean == pytest.approx(sum(likelihood) / len(likelihood), abs=1e-6) and 0 < len(likelihood) <= 12

    answers = {path: path.stat().st_mtime_ns for path in tmp_path.glob("artefacts/predictions/*/*.jsonl")}
    assert len(answers) == 3  # one task in words, one in words and by likelihood
    before = [(tmp_path / name).read_bytes() for name in ("benchmark.json", "questions.json")]
    benchmark.answer(directory, tmp_path)
    assert [(tmp_path / name).read_bytes() for name in ("benchmark.json", "questions.json")] == before
    asked = [*FEW, f"paths.artefacts={tmp_path}/artefacts", f"models=[{directory}]"]
    run_evaluation(compose("evaluate", asked), build=BUILD, output=tmp_path / "report")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("artefacts/predictions/*/*.jsonl")} == answers


def test_what_is_asked_and_measured_has_a_key_and_where_it_is_asked_has_none(choose):
    plain = choose().key()
    same = ["entries.folder.rows=4", "entries.folder.cache_gib=1", "entries.folder.device=cpu", "logger=none"]
    assert choose(*same).key() == plain
    for other in ("tasks.anecq.limit=11", "tasks.aneqa.max_new_tokens=9", "likelihood=[]", "sampling.seed=1"):
        assert choose(other).key() != plain, other


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        ("accuracy", "objective 'accuracy': <held-out set>.bits_per_char or <task>.<metric>, such as anecq.accuracy"),
        ("anesthesa.bits_per_char", "objective: no held-out set 'anesthesa' (there are: general, anesthesia)"),
        ("anecp.accuracy", "objective: no task 'anecp' is answered (there are: aneqa, anecq)"),
        ("anecq.acuracy", "objective: anecq has no 'acuracy' (there are: accuracy, "),
        ("aneqa.length", "objective: aneqa has no 'length' (there are: "),  # neither long nor short is good
    ],
)
def test_a_misspelt_objective_is_one_line_before_anything_is_made(compose, tmp_path, objective, told):
    config = compose("train", [*FEW, f"paths.artefacts={tmp_path}/artefacts", f"objective={objective}"])
    with pytest.raises(UserError) as caught:
        choose_benchmark_run(config, build=BUILD, sweeping=True)
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_search_knows_which_way_every_number_of_the_benchmark_is_good(choose, directory, tmp_path):
    benchmark = choose("likelihood=[letters,texts,yes_no]")
    benchmark.answer(directory, tmp_path)
    tasks = json.loads((tmp_path / "questions.json").read_text("utf-8"))
    better = {(task["name"], one["name"]): one["better"] for task in tasks for one in task["metrics"]}
    assert len(better) > 40
    for (task, name), way in better.items():
        direction = {"lower": "minimize", "higher": "maximize"}.get(way)
        assert direction in (None, Objective(measured_on=task, measure=name).direction), name
    benchmark.check(read_objective("anecq.accuracy_texts_per_char"))
    assert read_objective("anecq.unparsed").direction == "minimize"
    assert read_objective("anecq.accuracy_likelihood").direction == "maximize"
    assert read_objective("anesthesia.bits_per_char").direction == "minimize"
