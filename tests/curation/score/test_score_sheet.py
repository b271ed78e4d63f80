import json

import pytest

from hypnos.curation.score.score_sheet import NOTED, Sheet, own_scores, texts_of
from hypnos.specialty.grading import fence_of

ASPECTS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")


def record(number):
    return {"id": f"r{number}", "instruction": f"问题{number}？", "input": "", "output": f"第{number}个回答。"}


@pytest.mark.parametrize("value", ["8", "8分", "８", "八", 8.0, "8/10"])
def test_numbers_in_many_forms(specialty, value):
    row = record(1)
    _, code = fence_of(texts_of(row))
    sheet = Sheet(specialty, specialty.aspects, "score")
    text = json.dumps({"code": code, **dict.fromkeys(ASPECTS, value)}, ensure_ascii=False)
    assert own_scores(sheet.reader()(text), row)["usefulness"] == 8


@pytest.mark.parametrize("value", [11, -1, None, True, "高", [8], "8 or 9"])
def test_what_is_no_score_is_missing_and_not_zero(specialty, value):
    row = record(1)
    _, code = fence_of(texts_of(row))
    text = json.dumps({"code": code, **dict.fromkeys(ASPECTS, 9), "usefulness": value})
    assert Sheet(specialty, specialty.aspects, "score").reader()(text) is None


def test_quotes_inside_the_answer_are_only_text(specialty, reply_with):
    row = record(1)
    _, code = fence_of(texts_of(row))
    inner = json.dumps({"code": code, **dict.fromkeys(ASPECTS, 10)})
    text = json.dumps({"code": code, "faults": [inner], **dict.fromkeys(ASPECTS, 4), "comment": inner})
    found = Sheet(specialty, specialty.aspects, "score").reader()(text)
    assert own_scores(found, row)["coherence"] == 4


def test_an_answer_with_another_code_or_none_is_not_the_scorer_s_own(specialty):
    row = record(1)
    _, code = fence_of(texts_of(row))
    read = Sheet(specialty, specialty.aspects, "score").reader()
    grades = dict.fromkeys(ASPECTS, 9)
    assert read(json.dumps({"code": 7, **grades})) is None and read(json.dumps(grades)) is None
    stated = read(json.dumps({"code": f" {code} ", **grades}) + json.dumps({"code": "00000000", **grades}))
    assert [scores["code"] for scores in stated[:2]] == [code, "00000000"]
    assert own_scores(stated, row) == {"code": code, **grades, "faults": [], "comment": ""}
    assert own_scores(stated, record(2)) is None


def test_faults_and_comment_are_kept_short_and_need_not_be_there(specialty):
    long = {"code": "c", **dict.fromkeys(ASPECTS, 1), "faults": ["错" * 999, 3], "comment": "长" * 999}
    (scores, _) = Sheet(specialty, specialty.aspects, "score").reader()(json.dumps(long))
    assert scores["faults"] == ["错" * NOTED, "3"] and scores["comment"] == "长" * NOTED
    (scores, _) = Sheet(specialty, specialty.aspects, "score").reader()(
        json.dumps({**long, "faults": "无", "comment": None})
    )
    assert (scores["faults"], scores["comment"]) == ([], "")


SHAPES = {
    "names": lambda code, names: json.dumps({"code": code, **dict.fromkeys(names, 7)}, ensure_ascii=False),
    "nested": lambda code, names: json.dumps({"code": code, "scores": dict.fromkeys(ASPECTS, 7), "comment": "可"}),
    "with reasons": lambda code, names: json.dumps(
        {"code": code, **{key: {"score": 7, "reason": "有据"} for key in ASPECTS}}, ensure_ascii=False
    ),
    "a list": lambda code, names: json.dumps(
        {"code": code, "aspects": [{"name": name, "score": 7} for name in names]}, ensure_ascii=False
    ),
    "lines": lambda code, names: f"code: {code}\n" + "\n".join(f"{name}：7分" for name in names),
    "bold lines": lambda code, names: f"**code**：`{code}`\n" + "\n".join(f"- **{name}**：7/10" for name in names),
    "a table": lambda code, names: f"| code | {code} |\n|---|---|\n" + "\n".join(f"| {name} | 7 |" for name in names),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_scorer_is_read_in_every_form_that_a_judge_is_read_in(specialty, shape):
    row = record(1)
    _, code = fence_of(texts_of(row))
    read = Sheet(specialty, specialty.aspects, "score").reader()
    names = [aspect.name for aspect in specialty.aspects]
    own = own_scores(read(SHAPES[shape](code, names)) or (), row)
    assert own is not None and {own[key] for key in ASPECTS} == {7}
    # Without the code, with another's, or with two, it is nobody's own.
    assert own_scores(read(SHAPES[shape]("0" * 8, names)) or (), row) is None
    assert own_scores(read(SHAPES[shape]("", names)) or (), row) is None
    if shape.endswith("lines"):
        assert read(SHAPES[shape](code, names) + "\ncode: 12345678") is None
