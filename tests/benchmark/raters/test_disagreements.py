import csv

from hypnos.benchmark.items import Item
from hypnos.benchmark.raters.disagreements import find_disputes, write_disputes
from hypnos.benchmark.raters.ratings import AnswerRating


def rating(rater, item="q1", severe=(), note="", model="m", shared="", **scores):
    return AnswerRating(
        rater=rater,
        task="t",
        item=item,
        group="",
        model=model,
        part="main",
        scores=scores,
        unable=(),
        severe=tuple(severe),
        note=note,
        seconds=None,
        shared=shared,
    )


def test_wide_gaps_and_lonely_ticks_are_listed_the_widest_first():
    given = [
        *(rating("a", u=2, c=5), rating("b", u=9, c=8, note="很好"), rating("c", u=6, c=6)),
        *(rating("a", "q2", u=3), rating("b", "q2", u=7)),
        *(rating("a", "q3", severe=["dose"], u=1), rating("b", "q3", u=1)),
        *(rating("a", "q4", severe=["dose"], u=1), rating("b", "q4", severe=["dose"], u=1)),
        rating("a", "q5", u=0),
        *(rating("a", "q6", u=0, model="x"), rating("b", "q6", u=10, model="y")),
    ]
    found = [(one.item, one.about, one.gap) for one in find_disputes(given, gap=4)]
    assert found == [("q3", "severe:dose", 10), ("q1", "u", 7), ("q2", "u", 4)]
    widest = find_disputes(given, gap=4)[1]
    assert dict(widest.values) == {"a": 2, "b": 9, "c": 6} and dict(widest.notes) == {"b": "很好"}


def test_an_answer_of_several_models_was_shown_once_and_is_settled_once():
    given = [
        rating(rater, model=model, shared="e1 = e2", severe=severe, u=u)
        for model in ("e1", "e2")
        for rater, severe, u in (("a", ["dose"], 0), ("b", [], 9))
    ]
    given += [rating("a", model="e3", severe=["dose"]), rating("b", model="e3")]
    found = [(one.model, one.about, dict(one.values)) for one in find_disputes(given)]
    assert found == [
        ("e1", "severe:dose", {"a": 1, "b": 0}),
        ("e3", "severe:dose", {"a": 1, "b": 0}),
        ("e1", "u", {"a": 0, "b": 9}),
    ]


def test_the_list_for_the_raters_does_not_say_whose_the_answers_are(tmp_path):
    disputes = find_disputes([rating("甲", model="gpt-4", u=1), rating("乙", model="gpt-4", u=9, note="对")])
    file = tmp_path / "settle.csv"
    write_disputes(
        file,
        disputes,
        tasks={"t": [Item(id="q1", kind="question", question="何时停药？", answers=("",))]},
        answers={("t", "q1", "gpt-4"): "=术前"},
        names={"u": "有用性"},
    )
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "gpt-4" not in file.read_text("utf-8-sig")
    with file.open(encoding="utf-8-sig", newline="") as stream:
        head, line = csv.reader(stream)
    assert dict(zip(head, line)) == {
        "序号": "1",
        "题目": "何时停药？",
        "答案": "'=术前",
        "项目": "有用性",
        "分差": "8",
        "甲": "1",
        "乙": "9",
        "备注": "乙：对",
        "商定结果": "",
    }
