"""The step: rules in turn, each counted, switched off and in the key."""

from pathlib import Path

import orjson
import pytest
import yaml
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hypnos.curation.clean.form import Empty, Length
from hypnos.curation.clean.step import Clean

ROOT = Path(__file__).parents[3]


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


def configured(**changes):
    """The step as conf/step/clean.yaml has it; `name=None` switches a rule off."""
    settings = yaml.safe_load((ROOT / "conf/step/clean.yaml").read_text("utf-8"))
    settings["rules"] |= changes
    shared = {"specialty": "anesthesia", "paths": {"root": str(ROOT)}, "selection": {"people": ["human", "hypnos"]}}
    return instantiate(OmegaConf.merge(shared, {"step": settings}).step, _convert_="all")


def sift(step, rows):
    rejected = []
    kept = list(step.run(rows, lambda row, why: rejected.append((row["id"], why))))
    return kept, rejected


def test_rules_look_in_turn_and_each_is_counted():
    rows = [
        record(id="a"),
        record("", id="b"),
        record("抱歉，我不能回答这个问题。", id="c"),
        record("抱歉，我不能回答這個問題，請諒解。", id="d"),
        record("患者張偉，男，35歲，术前应禁食。", id="e"),
    ]
    step = configured()
    kept, rejected = sift(step, rows)
    assert [row["id"] for row in kept] == ["a", "e"]
    assert rejected == [("b", "empty"), ("c", "refusal"), ("d", "refusal")]
    assert kept[0] == rows[0]
    assert kept[1]["output"] == "患者张某，男，35岁，术前应禁食。"
    assert kept[1]["changed"] == ["simplify", "personal"]
    notes = step.notes()
    assert {k: v for k, v in notes["rejected_by_rule"].items() if v} == {"empty": 1, "refusal": 2}
    assert {k: v for k, v in notes["changed_by_rule"].items() if v} == {"simplify": 2, "personal": 1}
    assert notes["rejected_by_rule"].keys() == step.rules.keys()


def test_what_shows_a_fault_stands_beside_the_reason():
    rejected = []
    rows = [record("舒芬太尼 0.3 mg/kg 诱导后插管。", id="a"), record("", id="b")]
    assert not list(configured().run(rows, lambda row, why: rejected.append((why, row))))
    assert rejected == [("dose_window", {**rows[0], "detail": "舒芬太尼 0.3 mg/kg"}), ("empty", rows[1])]


def test_a_rule_is_switched_off():
    kept, rejected = sift(configured(refusal=None), [record("抱歉，我不能回答这个问题。")])
    assert (len(kept), rejected) == (1, [])
    assert configured(refusal=None).key() != configured().key()


def test_the_key_has_files_by_content_and_the_order_of_rules(tmp_path):
    key = orjson.dumps(configured().key()).decode()
    assert str(ROOT) not in key
    assert "doses.yaml" in key
    empty, length = Empty(), Length()
    assert Clean(rules={"a": empty, "b": length}).key() != Clean(rules={"b": length, "a": empty}).key()


@pytest.mark.parametrize(
    "file", ["hypnos/sample/anesthesia.jsonl", "hypnos/sample/general.jsonl", "specialty/anesthesia/seeds.jsonl"]
)
def test_our_own_data_pass_untouched(file):
    rows = [orjson.loads(line) for line in (ROOT / file).read_bytes().splitlines()]
    kept, rejected = sift(configured(), rows)
    assert rejected == []
    assert kept == rows
