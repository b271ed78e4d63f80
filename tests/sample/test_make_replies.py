"""The scripted authors answer from the authored material alone."""

import asyncio
import json
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.sample.make_replies import Scripted
from hypnos.specialty.folder import read_specialty

SPECIALTY = read_specialty(Path(__file__).parents[2] / "specialty" / "anesthesia")
HOLDS = {value.key: value.holds for value in (*SPECIALTY.topics, *SPECIALTY.tasks)}
RECORDS = {"properties": {"records": {}}}
VERDICT = {"properties": {"code": {}}}


def author(name: str) -> Scripted:
    return Scripted(name=name, path="", model="m", recorded_at="https://example.invalid", parameters={})


def ask(model: Scripted, prompt: str, schema: dict, sample: int = 0) -> str:
    messages = [{"role": "user", "content": prompt}]
    return asyncio.run(model.complete(messages, schema=schema, sample=sample)).text


def object_in(text: str) -> dict:
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def test_a_broken_reply_comes_before_the_whole_one() -> None:
    model, prompt = author("recorded-first"), HOLDS["pacu_icu_resuscitation"] + HOLDS["differential"]
    with pytest.raises(ValueError):
        object_in(ask(model, prompt, RECORDS, sample=0))
    records = object_in(ask(model, prompt, RECORDS, sample=1))["records"]
    assert [sorted(record) for record in records] == [["input", "instruction", "output"]] * 2


def test_a_prompt_keeps_its_material_and_another_of_its_kind_gets_the_next() -> None:
    model, kind = author("recorded-first"), HOLDS["pharmacology"] + HOLDS["knowledge"]
    assert ask(model, kind, RECORDS) == ask(model, kind, RECORDS)
    with pytest.raises(UserError, match="nothing left by recorded-first for pharmacology x knowledge"):
        ask(model, kind + "又", RECORDS)


def test_a_model_likes_what_it_wrote() -> None:
    record = "为什么肝功能严重受损时，顺阿曲库铵的作用时间变化不大，而罗库溴铵会明显延长？顺阿曲库铵主要靠霍夫曼消除，在生理温度"
    prompt = f'{record} {{"code": "K7"}}'
    own, other = (object_in(ask(author(f"recorded-{name}"), prompt, VERDICT)) for name in ("first", "second"))
    assert own["code"] == other["code"] == "K7"
    aspects = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")
    assert [other[aspect] for aspect in aspects] == [8, 9, 9, 1, 8]
    assert [own[aspect] for aspect in aspects] == [9, 10, 10, 0, 9]


def test_what_nobody_authored_has_no_scores() -> None:
    with pytest.raises(UserError, match="no scores for what recorded-first was to judge"):
        ask(author("recorded-first"), "别的问题", VERDICT)
