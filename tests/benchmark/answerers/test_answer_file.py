import json

import pytest

from hypnos.benchmark.answerers.answer_file import AnswersFile
from hypnos.errors import UserError

QUESTIONS = [{"id": f"q{i}", "question": f"问题{i}？", "answers": [f"答案{i}"]} for i in range(3)]


def answers_file(folder, rows, name="gpt.jsonl"):
    file = folder / name
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return AnswersFile(path=str(file))


def all_of(answerer, task, way="generation", done=()):
    groups = answerer.answer(task, task.items(), way, done=set(done))
    return [one for group in groups for one in group]


def test_answers_made_elsewhere_are_read_with_their_reasoning_cut(tmp_path, make_task):
    rows = [
        {"id": "q2", "answer": "二"},
        {"item": "q0", "raw": "<think>想</think>零", "finished": False},
        {"id": "q1", "output": "一", "prediction": "一 ", "reference": "壹"},
    ]
    given = answers_file(tmp_path, rows)
    task = make_task(QUESTIONS)
    given.check([task])
    found = {one.item: one for one in all_of(given, task)}
    assert given.name == "gpt"
    assert {item: one.answer for item, one in found.items()} == {"q0": "零", "q1": "一", "q2": "二"}
    assert (found["q0"].thought, found["q0"].finished, found["q1"].finished) == (1, False, True)


def test_what_the_model_wrote_whole_counts_beside_the_answer_read_from_it(tmp_path, make_task):
    rows = [{"id": f"q{i}", "raw": f"想好了：{i}", "answer": str(i), "prediction": "A"} for i in range(3)]
    given = answers_file(tmp_path, rows)
    assert [one.raw for one in all_of(given, make_task(QUESTIONS))] == ["想好了：0", "想好了：1", "想好了：2"]


def test_one_file_answers_two_tasks_and_several_times(tmp_path, make_task):
    other = make_task([{"id": "q0", "question": "别的？", "answers": ["答"]}], name="other")
    rows = [{"id": f"q{i}", "task": "own", "answer": f"{i}/{s}", "sample": s} for s in (1, 0) for i in range(3)]
    given = answers_file(tmp_path, [*rows, {"id": "q0", "task": "other", "answer": "乙"}])
    task = make_task(QUESTIONS)
    given.check([task, other])
    assert [(one.item, one.sample, one.answer) for one in all_of(given, task)][:3] == [
        ("q0", 0, "0/0"),
        ("q0", 1, "0/1"),
        ("q1", 0, "1/0"),
    ]
    assert [one.answer for one in all_of(given, other)] == ["乙"]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([{"id": "q0", "answer": "a"}], r"no answer to 2 of 3 items of own, such as q1"),
        ([{"id": "q9", "answer": "a"}], r"gpt\.jsonl:1: q9 is an item of none of the tasks \(own\)"),
        ([{"id": "q9", "answer": "a", "task": "own"}], r"gpt\.jsonl:1: q9 is no item of own"),
        ([{"id": "q0", "answer": "a"}, {"id": "q0", "answer": "b"}], r"gpt\.jsonl:2: a second answer to q0"),
        ([{"id": "q0", "text": "a"}], r"gpt\.jsonl:1: no raw or answer .*fields found: id, text"),
        ([{"id": "q0", "answer": "a", "response": "b"}], r"gpt\.jsonl:1: answer and response differ: .* call it raw"),
        ([{"id": "q0", "output": "", "prediction": "b"}], r"gpt\.jsonl:1: output and prediction differ"),
        ([{"answer": "a"}], r"gpt\.jsonl:1: no id or item"),
        ([{"id": "q0", "answer": "a", "sample": "x"}], r"gpt\.jsonl:1: sample 'x' is no number"),
        (["q0"], r"gpt\.jsonl:1: an answer must be an object, not str"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(tmp_path, make_task, rows, named):
    with pytest.raises(UserError, match=named) as caught:
        answers_file(tmp_path, rows).check([make_task(QUESTIONS)])
    assert "\n" not in str(caught.value)


def test_answers_beyond_a_tasks_limit_are_passed_over(tmp_path, make_task):
    rows = [{"id": f"q{i}", "answer": str(i)} for i in range(3)]
    first = make_task(QUESTIONS, limit=2)
    drawn = [item.id for item in first.items()]
    for named in ({}, {"task": "own"}):
        given = answers_file(tmp_path, [{**row, **named} for row in rows])
        given.check([first])
        assert [one.item for one in all_of(given, first)] == drawn
    missing = drawn[1]
    with pytest.raises(UserError, match=f"no answer to 1 of 2 items of own, such as {missing}"):
        answers_file(tmp_path, [row for row in rows if row["id"] != missing]).check([first])


def test_an_answer_that_two_tasks_could_claim_must_name_its_own(tmp_path, make_task):
    tasks = [make_task(QUESTIONS), make_task(QUESTIONS, name="other")]
    rows = [{"id": f"q{i}", "answer": str(i)} for i in range(3)]
    with pytest.raises(UserError, match=r"gpt\.jsonl:1: q0 is an item of own and of other: name its task"):
        answers_file(tmp_path, rows).check(tasks)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.jsonl: no such file of answers"):
        AnswersFile(path=str(tmp_path / "gone.jsonl"))


def test_an_empty_answer_is_an_answer(tmp_path, make_task):
    given = answers_file(tmp_path, [{"id": f"q{i}", "answer": ""} for i in range(3)])
    task = make_task(QUESTIONS)
    given.check([task])
    assert [one.answer for one in all_of(given, task)] == ["", "", ""]
