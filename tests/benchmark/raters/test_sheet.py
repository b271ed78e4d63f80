import json
import re

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import Prediction
from hypnos.benchmark.raters.sheet import make_sheets
from hypnos.benchmark.raters.study import Study
from hypnos.errors import UserError


def answered(item, text):
    return Prediction(item=item, prompt="", raw=text, answer=text, finished=True, tokens=1)


def question(id, **more):
    return Item(**{"id": id, "kind": "question", "question": f"{id}？", "answers": ("参考",), **more})


def key_of(folder):
    return json.loads((folder / "key.json").read_text("utf-8"))


def test_raters_get_a_page_and_a_table_each_and_nothing_else(made):
    folder = made()
    assert sorted(file.name for file in (folder / "hand_out").iterdir()) == [
        "b.csv",
        "b.html",
        "张医生.csv",
        "张医生.html",
    ]
    assert sorted(file.name for file in folder.iterdir()) == ["hand_out", "key.json", "plan.md"]


def test_nothing_handed_out_names_a_model_or_an_item(made):
    folder = made()
    for file in (folder / "hand_out").iterdir():
        text = file.read_text("utf-8-sig")
        assert not re.search(r"hypnos-7b|gpt|\bbase\b(?!-uri)|\"model|seed", text, re.IGNORECASE), file.name


def test_the_key_leads_every_blinded_answer_back_to_its_model(made, page_of):
    folder = made()
    for sheet, entry in key_of(folder)["sheets"].items():
        page = page_of(folder, entry["rater"])
        assert page["sheet"] == sheet
        for shown in page["questions"]:
            kept = entry["questions"][shown["id"]]
            for answer in shown["answers"]:
                (model,) = kept["answers"][answer["id"]]
                word = {"hypnos-7b": "丹曲林", "gpt-4": "阿托品", "base": ""}[model]
                assert word in answer["text"] and (word or not answer["text"])
                assert not answer["text"] or kept["item"] in answer["text"]


def test_calibration_comes_first_and_is_the_same_for_all(made, page_of):
    folder = made()
    pages = [page_of(folder, rater) for rater in ("张医生", "b")]
    first = [{q["question"] for q in page["questions"] if q["part"] == "calibration"} for page in pages]
    assert first[0] == first[1] and len(first[0]) == 2
    for page in pages:
        parts = [q["part"] for q in page["questions"]]
        assert parts == ["calibration"] * 2 + ["main"] * 6


def test_orders_differ_between_raters_and_between_questions(made, page_of):
    folder = made(tasks={"aneqa": [question(f"q{n}") for n in range(30)]})
    pages = [page_of(folder, rater)["questions"] for rater in ("张医生", "b")]
    assert [q["question"] for q in pages[0]] != [q["question"] for q in pages[1]]
    key = key_of(folder)["sheets"]
    for entry in key.values():
        orders = {tuple(models[0] for models in q["answers"].values()) for q in entry["questions"].values()}
        assert len(orders) == 6


def test_the_same_arguments_make_the_same_bytes_and_another_seed_another_sheet(made):
    one, same, other = made("one", seed=3), made("same", seed=3), made("other", seed=4)
    for name in ("key.json", "plan.md", "hand_out/b.html", "hand_out/b.csv"):
        assert (one / name).read_bytes() == (same / name).read_bytes()
    assert not key_of(one)["sheets"].keys() & key_of(other)["sheets"].keys()
    assert key_of(one)["study"]["seed"] == 3


def test_questions_of_a_passage_follow_each_other_in_their_order(made, page_of):
    tasks = {
        "anerc": [
            question(f"p{n // 3}-{n}", kind="reading", passage=f"材料{n // 3}", group=f"p{n // 3}") for n in range(18)
        ]
    }
    folder = made(tasks=tasks, calibration=3)
    shown = [q["question"] for q in page_of(folder, "b")["questions"]]
    for at in range(0, 18, 3):
        first = int(shown[at].split("-")[1].rstrip("？"))
        assert shown[at : at + 3] == [f"p{first // 3}-{n}？" for n in range(first, first + 3)]


def test_equal_answers_are_rated_once_for_all_models_that_gave_them(made, page_of):
    texts = {"one": lambda item: "丹曲林", "two": lambda item: "丹曲林 ", "three": lambda item: "阿托品"}
    folder = made(texts=texts)
    assert all(len(q["answers"]) == 2 for q in page_of(folder, "b")["questions"])
    models = next(iter(key_of(folder)["sheets"].values()))["questions"]["q001"]["answers"].values()
    assert sorted(map(tuple, models)) == [("one", "two"), ("three",)]


def test_the_reference_can_be_withheld(made, page_of):
    assert page_of(made("shown"), "b")["questions"][0]["references"]
    folder = made("withheld", reference=False)
    assert not any(q["references"] for q in page_of(folder, "b")["questions"])
    assert "参考1" not in (folder / "hand_out" / "b.csv").read_text("utf-8-sig")


def test_the_page_says_where_records_must_not_leave_the_house(made, page_of):
    folder = made(tasks={"aneqa": [question(f"q{n}", egress="local") for n in range(4)]})
    assert page_of(folder, "b")["local"] is True
    assert "must not leave the house" in (folder / "plan.md").read_text("utf-8")
    assert page_of(made("open"), "b")["local"] is False


def test_the_plan_counts_questions_answers_and_minutes(made):
    plan = (made(minutes_per_answer=2) / "plan.md").read_text("utf-8")
    assert "| b | 8 | 24 | 48 |" in plan
    assert "| 张医生 | 8 | 8 |" in plan


def test_choice_questions_are_not_rated(made, page_of):
    choice = Item(id="c", kind="choice", question="选？", options={"A": "1", "B": "2"}, answers=("A",))
    folder = made(tasks={"aneqa": [question("q1"), question("q2"), question("q3")], "anecq": [choice]})
    assert len(page_of(folder, "b")["questions"]) == 3


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ({"aneqa": {"ours": [answered("q1", "一")]}}, r"aneqa: ours has no answer to q2 \(1 of 2 missing\)"),
        ({}, "aneqa: no answers to rate"),
    ],
)
def test_missing_answers_are_named(tmp_path, specialty, predictions, message):
    tasks = {"aneqa": [question("q1"), question("q2")]}
    study = Study(raters=["a"], overlap=1, calibration=1)
    with pytest.raises(UserError, match=message):
        make_sheets(tmp_path, study=study, tasks=tasks, predictions=predictions, specialty=specialty)
