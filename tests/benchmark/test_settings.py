"""Every wrong setting ends evaluate.py in one line that names it, before a folder is made."""

from functools import partial

import pytest
from hydra.utils import instantiate

from hypnos.benchmark.evaluation import run_evaluation
from hypnos.benchmark.preparation import check_configuration, prepare
from hypnos.errors import UserError
from hypnos.experiment.sweep.compare import compare_arms

WRONG = [
    ("models=[1]", "models: [1]: must be a list, each text"),
    ("likelihood=letter", "likelihood: letter: must be auto or a list, each one of letters, texts, yes_no"),
    ("likelihood=[words]", "likelihood: ['words']"),
    ("compare.benchmark=maybe", "compare.benchmark: maybe: must be true or false or auto"),
    ("compare.dollars_per_hour=-1", "compare.dollars_per_hour: -1"),
    ("sampling.temperature=-0.5", "sampling.temperature: -0.5: must be a number, at least 0"),
    ("sampling.top_p=0", "sampling.top_p: 0: must be a number, above 0 and at most 1"),
    ("sampling.repeats=0", "sampling.repeats: 0"),
    ("inference.cache_gib=0", "inference.cache_gib: 0"),
    ("inference.dtype=int8", "inference.dtype: int8"),
    ("inference.device=gpux", "inference.device: gpux"),
    ("judging.limit=0", "judging.limit: 0: must be a whole number, at least 1 or null"),
    ("judging.attempts=0", "judging.attempts: 0"),
    ("judging.modes=[absolut]", "judging.modes: ['absolut']"),
    ("judging.parameters.temperature=3", "judging.parameters.temperature: 3: must be a number, from 0 to 2"),
    ("+judging.maks=true", "judging: hypnos.benchmark.judge.judge.Judge"),
    ("ratings.files=a.json", "ratings.files: a.json: must be a list, each text"),
    ("+ratings.file=a.json", "ratings.file: no such key"),
    ("raters=default raters.minutes=0", "raters.minutes: 0"),
    ("raters=default raters.raters=[]", "raters.raters: []"),
    ("tasks.aneqa.max_new_tokens=0", "tasks.aneqa.max_new_tokens: 0"),
    ("thinking={mode: maybe}", "thinking.mode: maybe: must be one of on, off, as_is or true or false"),
    ("tasks.anecq.thinking={tokens: 0}", "tasks.anecq.thinking.tokens: 0: must be a whole number, at least 1"),
    ("tasks.aneqa.limit=2.5", "tasks.aneqa.limit: 2.5"),
    ("tasks.anecq.shots.number=-1", "tasks.anecq.shots.number: -1"),
    ("tasks.anecq.egress=nowhere", "tasks.anecq.egress: nowhere: must be one of any, local"),
    ("baselines=[qwen] baselines.qwen.rows=0", "baselines.qwen.rows: 0"),
    ("+paths.output=x", "paths.output: no such key"),
    ("+modles=x", "modles: no such key"),
    ("publish=report publish.answers=-1", "publish.answers: -1"),
]


@pytest.mark.parametrize("run", [run_evaluation, None])
@pytest.mark.parametrize(("overrides", "line"), WRONG)
def test_a_wrong_setting_is_named_before_anything_is_made(changed, tmp_path, monkeypatch, overrides, line, run):
    monkeypatch.chdir(tmp_path)
    *choices, value = overrides.split(" ") if "{" not in overrides else [overrides]
    values = [value]
    config = changed("evaluate", values, *choices)

    def build(*_, **__):
        raise AssertionError("nothing may be built")

    with pytest.raises(UserError) as raised:
        run(config, build=build, output=tmp_path / "output") if run else compare_arms(config, build=build)
    assert line in str(raised.value), str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "overrides", ["baselines=[gpt4,qwen]", "likelihood=[letters,yes_no]", "judging.limit=3 llm@judges.first=gpt4"]
)
def test_what_worked_still_works(compose, overrides):
    check_configuration(compose("evaluate", overrides.split()))


@pytest.mark.parametrize("specialty", ["dermatology", "{root}/specialty/dermatology"])
def test_a_specialty_is_named_as_filter_py_names_it(compose, pytestconfig, specialty):
    root = pytestconfig.rootpath
    chosen = [f"models=[{root / 'hypnos/sample/base'}]", f"specialty={specialty.format(root=root)}"]
    evaluation = prepare(compose("evaluate", chosen), build=partial(instantiate, _convert_="all"))
    assert evaluation.specialty.key == "dermatology"


def test_models_that_others_are_compared_with_must_be_there(compose, pytestconfig):
    chosen = [f"models=[{pytestconfig.rootpath / 'hypnos/sample/base'}]"]
    build = partial(instantiate, _convert_="all")
    with pytest.raises(UserError, match=r"judging\.against: no model is called bass; these are: base"):
        prepare(compose("evaluate", [*chosen, "judging.against=[bass]"]), build=build)
    prepare(compose("evaluate", [*chosen, "judging.against=[base]"]), build=build)


def test_what_of_sampling_an_address_is_not_sent_is_told(compose, monkeypatch, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", "no key")
    chosen = ["models=[openai/gpt-4o]", "likelihood=[]", "sampling={temperature: 0.7, top_p: 0.9, seed: 3, repeats: 2}"]
    own = ["+entries.chat.chat.parameters.top_p=0.9"]
    prepare(compose("evaluate", [*chosen, *own]), build=partial(instantiate, _convert_="all"))
    told = [record.message for record in caplog.records if record.message.startswith("sampling.")]
    assert told == ["sampling.seed=3 is not sent to openai/gpt-4o: set it in parameters of its entry or baseline"]
