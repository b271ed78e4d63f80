"""The configuration of filter.py is checked, its objects are made when they are wanted, and steps are priced."""

from functools import partial

import pytest
from hydra.utils import instantiate

from hypnos.curation.pipeline.run_steps import run_steps
from hypnos.curation.pipeline.step import Plan, Step
from hypnos.curation.run import Resources, check_configuration, expect, shared_of
from hypnos.errors import UserError
from hypnos.llm.requests import Request

CLEAN, GENERATE = "hypnos.curation.clean.step.Clean", "hypnos.curation.generate.self_instruct.SelfInstruct"


class Writes(Step):
    """Asks for each row it reads, and writes two for each."""

    def __init__(self, name, model):
        self.name = name
        self.model = model

    def key(self):
        return {"name": self.name}

    def run(self, rows, reject):
        yield {"id": self.name}

    def planned(self, rows):
        requests = [Request(id=str(row["id"]), messages=({"role": "user", "content": "问"},)) for row in rows]
        yield Plan(step=self.name, model=self.model, requests=requests, tokens_out=5)

    def stand_ins(self, rows):
        return [row for row in rows for _ in range(2)]


class Source(Step):
    name = "read"

    def key(self):
        return {}

    def run(self, rows, reject):
        yield from ({"id": str(number)} for number in range(3))


@pytest.fixture
def resources(compose):
    config = compose("filter", [])
    return Resources(config, partial(instantiate, _convert_="all"))


def test_a_step_gets_the_shared_objects_that_its_constructor_takes():
    assert shared_of(GENERATE) == ("specialty", "authors", "client")
    assert shared_of(CLEAN) == ()
    assert shared_of("hypnos.nowhere.Thing") == ()


def test_a_misspelt_or_missing_key_is_found_before_anything_is_made(compose):
    config = compose("filter", [])
    check_configuration(config)
    with pytest.raises(UserError, match="stepz"):
        check_configuration(config | {"stepz": 1})
    with pytest.raises(UserError, match="steps: none chosen"):
        check_configuration(config | {"steps": []})
    with pytest.raises(UserError, match=r"steps: clear: no such step \(known: .*clean.*\)"):
        check_configuration(config | {"steps": ["clear"]})
    with pytest.raises(UserError, match=r"step\.clean: .*Clean: missing .*'rules'"):
        check_configuration(config | {"step": config["step"] | {"clean": {"_target_": CLEAN, "rulez": {}}}})


def test_objects_are_made_once_and_only_when_wanted(resources):
    resources.close()
    assert not {"specialty", "authors", "client"} & resources.__dict__.keys()
    steps = resources.steps()
    assert [step.name for step in steps] == resources.config["steps"]
    assert steps[0].client is resources.client
    assert steps[0].authors == resources.authors
    resources.close()


def test_steps_are_priced_on_stand_ins_of_those_before_them(resources, author, tmp_path):
    resources.artefacts = tmp_path
    model = author("one")
    steps = [Writes("first", model), Writes("second", model), Writes("third", model)]
    (before,) = run_steps([Source()], artefacts=tmp_path)

    def priced():
        return [(e.step, e.figures.requests) for e in expect(steps, resources=resources, before=before)]

    assert priced() == [("first", 3), ("second", 6), ("third", 12)]
    list(run_steps(steps[:1], artefacts=tmp_path, before=before))
    assert priced() == [("second", 1), ("third", 2)]  # what is made is known, and costs nothing
    resources.close()


def test_the_benchmark_that_evaluate_is_pointed_at_is_kept_out_by_the_same_words(compose, tmp_path):
    def kept_out(*given):
        config = compose("filter", ["steps=[decontaminate]", *given])
        check_configuration(config)
        (step,) = Resources(config, partial(instantiate, _convert_="all")).steps()
        return step

    file = tmp_path / "mine.json"
    file.write_text('[{"id": "1", "question": "什么是残余肌松？", "answer": "A"}]', "utf-8")
    default, own = kept_out(), kept_out("tasks=[aneqa,cmb]", f"tasks.cmb.path={file}")
    assert len(default.benchmarks) == 1 and own.benchmarks == (*default.benchmarks, str(file))
    assert kept_out("tasks=[anerc]").key() == default.key() != own.key()
    with pytest.raises(UserError, match=r"tasks\.cmb\.path: this set is not bundled"):
        kept_out("tasks=[cmb]")
