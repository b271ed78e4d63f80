from typing import Any

import pytest

from hypnos.corpus.records import Instruction, Text, Unusable
from hypnos.corpus.shapes import to_records


def only(row: Any) -> Any:
    (record,) = to_records(row, source="set")
    return record


def said(row: Any) -> tuple:
    record = only(row)
    return record.history, record.question, record.output


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"instruction": "甲", "input": "", "output": "乙"}, ((), "甲", "乙")),
        ({"instruction": "甲", "input": "材料", "output": "乙"}, ((), "甲\n材料", "乙")),
        ({"instruction": "甲", "output": "乙"}, ((), "甲", "乙")),
        (
            {"id": 7, "cate1": None, "instruction": "丙", "input": "", "output": "丁", "history": [["甲", "乙"]]},
            ((("甲", "乙"),), "丙", "丁"),
        ),
        ({"question": "甲", "answer": "乙", "score": 4.5}, ((), "甲", "乙")),
        ({"query": "甲", "response": " 乙\n"}, ((), "甲", "乙")),
        ({"department": "内科", "title": "甲", "ask": "乙", "answer": "丙"}, ((), "甲\n乙", "丙")),
        ({"title": "甲", "ask": "", "answer": "丙"}, ((), "甲", "丙")),
        (["问：甲", "答：乙", "问：丙", "答：丁", "问：戊"], ((("甲", "乙"),), "丙", "丁")),
        ({"id": 1, "data": ["问：甲", "答：乙"]}, ((), "甲", "乙")),
        ({"data": ["甲", "乙"]}, ((), "甲", "乙")),
        (
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "甲"}, {"role": "assistant", "content": "乙"}]},
            ((), "甲", "乙"),
        ),
        (
            {"conversations": [{"from": "human", "value": "甲"}, {"from": "gpt", "value": "乙"}] * 2},
            ((("甲", "乙"),), "甲", "乙"),
        ),
        (
            {"question": "甲", "option": {"A": "a", "B": "b", "C": ""}, "answer": "B", "exam_type": "规培结业"},
            ((), "甲\nA. a\nB. b", "答案：B"),
        ),
        (
            {"Question": "甲", "Options": "A a\nB b", "Answer": "AB", "Explanation": "因为"},
            ((), "甲\nA a\nB b", "答案：AB\n解析：因为"),
        ),
        (
            {"": "0", "Question": "甲", "A": "a", "B": "b", "C": 3, "D": "", "Answer": "B"},
            ((), "甲\nA. a\nB. b\nC. 3", "答案：B"),
        ),
        ({"question": "甲", "answer": "乙", "label": "1"}, ((), "甲", "乙")),
        ({"question": "甲", "answer": "乙", "label": "内科"}, ((), "甲", "乙")),
        ({"questions": ["甲"], "answers": ["乙"]}, ((), "甲", "乙")),
    ],
)  # fmt: skip
def test_each_shape_gives_its_turns(row: Any, expected: tuple) -> None:
    assert said(row) == expected


def test_nested_questions_give_a_record_for_each_answer_in_one_group() -> None:
    records = list(
        to_records({"id": 5, "questions": [["甲", "甲二"], ["甲三"]], "answers": ["乙", "丙"]}, source="set")
    )
    assert [(r.id, r.question, r.output) for r in records] == [("5-0", "甲", "乙"), ("5-1", "甲二", "丙")]
    assert records[0].group == records[1].group != ""


def test_running_text_is_a_record_of_its_own_kind() -> None:
    assert only({"text": " 麻醉学。\n", "id": "t1", "group": "g"}) == Text("t1", "麻醉学。", source="set", group="g")


def test_fields_of_the_record_itself_are_kept() -> None:
    row = {"id": "a", "instruction": "甲", "output": "乙", "source": "book", "group": "g", "egress": "local"}
    assert only(row) == Instruction("a", "甲", "乙", source="book", group="g", egress="local")


def test_records_of_one_question_share_a_group_and_differ_in_id() -> None:
    first, second = only({"question": "甲", "answer": "乙"}), only({"question": "甲", "answer": "丙"})
    other = only({"question": "丁", "answer": "乙"})
    assert first.group == second.group != other.group
    assert first.id != second.id


def test_a_dialogue_belongs_to_the_group_of_its_first_question() -> None:
    dialogue = only({"instruction": "丙", "output": "丁", "history": [["甲", "乙"]]})
    assert dialogue.group == only({"question": "甲", "answer": "别的"}).group


def test_an_empty_turn_of_the_history_is_left_out() -> None:
    assert said({"instruction": "丙", "output": "丁", "history": [["甲", ""], ["子", "丑"]]})[0] == (("子", "丑"),)


def test_a_candidate_marked_wrong_is_no_record_and_no_fault() -> None:
    assert list(to_records({"question": "甲", "answer": "乙", "label": 0}, source="set")) == []


@pytest.mark.parametrize("mark", [{"label": False}, {"kto_tag": False}, {"label": "False"}])
@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "甲", "output": "乙"},
        {"question": "甲", "answer": "乙"},
        {"messages": [{"role": "user", "content": "甲"}, {"role": "assistant", "content": "乙"}]},
    ],
)
def test_an_answer_marked_bad_is_not_learnt_whatever_its_shape(row, mark) -> None:
    left_out: list[str] = []
    assert list(to_records(row | mark, source="set", note=left_out.append)) == []
    assert left_out == ["candidate marked wrong"]
    assert only(row | dict.fromkeys(mark, True)).output == "乙"


def test_words_that_look_like_special_tokens_are_kept() -> None:
    assert said({"question": "</s> 是什么？", "answer": "<s>"}) == ((), "</s> 是什么？", "<s>")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (5, "a record must be an object, not int"),
        ({"frage": "甲"}, "no known shape; fields found: frage"),
        ({}, "no known shape; fields found: none"),
        ({"instruction": "甲", "output": None}, "no known shape"),
        ({"instruction": "甲", "output": " \n"}, "empty output"),
        ({"instruction": "", "output": "乙"}, "empty instruction"),
        ({"instruction": "甲", "output": 5}, "output must be text, not int"),
        ({"instruction": ["甲"], "output": "乙"}, "instruction must be text, not list"),
        ({"instruction": "甲", "output": "乙", "history": "丙"}, "history must be a list, not str"),
        ({"instruction": "甲", "output": "乙", "history": ["丙"]}, "history must be a list of"),
        ({"instruction": "甲", "output": "乙", "history": [["丙", 1]]}, "history must be a list of"),
        ({"questions": ["甲"], "answers": ["https://a.b/c"]}, "the answer is an address"),
        ({"questions": [], "answers": ["乙"]}, "empty questions or answers"),
        ({"questions": [[""]], "answers": ["乙"]}, "empty questions or answers"),
        ({"questions": {"a": "甲"}, "answers": ["乙"]}, "must hold text, not dict"),
        (["问：甲"], "no answered turn"),
        ([], "no answered turn"),
        (["问：甲", "答：", "问：丙", "答：丁"], "empty turn"),
        (["答：乙", "问：甲"], "turn 1 begins with 答："),
        (["问：甲", 5], "data must be a list of turns of text"),
        ({"data": "问：甲"}, "data must be a list of turns of text"),
        ({"messages": 5}, "messages must be a list, not int"),
        ({"messages": ["甲", "乙"]}, "a message must be an object"),
        ({"messages": [{"role": "assistant", "content": "乙"}]}, "message 1 is by 'assistant'"),
        ({"messages": [{"role": ["user"], "content": "甲"}]}, "message 1 is by ['user']"),
        ({"messages": [{"role": "user", "content": None}]}, "message 1 has no text"),
        ({"instruction": "<image>\n这是什么？", "output": "心电图", "images": ["a.png"]}, "is about its images"),
        ({"messages": []}, "no answered turn"),
        ({"question": "甲", "option": {}, "answer": "A"}, "empty options"),
        ({"question": "甲", "options": None, "answer": "B"}, "empty options"),
        ({"question": "甲", "A": "", "B": " ", "answer": "B"}, "empty options"),
        ({"question": "甲", "options": 5, "answer": "A"}, "options: must be an object of letters, a list or lines"),
        ({"question": "甲", "option": {"A": ["x"]}, "answer": "A"}, "options: the option A must be text, not a list"),
        ({"id": {"$oid": "1"}, "question": "甲", "answer": "乙"}, "id must be text, not an object"),
        ({"egress": "Local", "question": "甲", "answer": "乙"}, "egress must be any or local, not 'Local'"),
        ({"question": "甲", "options": "A a", "answer": ""}, "empty answer"),
        ({"text": ""}, "empty text"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(row: Any, reason: str) -> None:
    with pytest.raises(Unusable) as raised:
        list(to_records(row, source="set"))
    assert reason in str(raised.value)


SYSTEM, ASKED, SAID = "病历：患者青霉素过敏。", "术前预防用什么抗生素？", "避开青霉素类，可用克林霉素。"


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}]},
        {"system": SYSTEM, "conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": SAID}]},
        {"system": SYSTEM, "instruction": ASKED, "input": "", "output": SAID},
    ],
)  # fmt: skip
def test_a_system_turn_is_kept_whichever_way_it_is_written(row):
    record = only(row)
    assert record.system == SYSTEM
    assert [(turn["role"], turn["content"]) for turn in record.messages()] == [
        ("system", SYSTEM),
        ("user", ASKED),
        ("assistant", SAID),
    ]
    assert record.id != only({"instruction": ASKED, "output": SAID}).id
    assert record.group == only({"instruction": ASKED, "output": SAID}).group


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": ASKED, "output": SAID, "reasoning": "想"},
        {"Question": ASKED, "Complex_CoT": "想", "Response": SAID},
        {"question": ASKED, "reasoning (reasoning_content)": "想", "response (content)": SAID},
        {"input": ASKED, "content": SAID, "reasoning_content": "想"},
        {"question": ASKED, "answer": f"<think>想</think>\n{SAID}"},
    ],
)
def test_a_thought_is_kept_apart_from_its_answer(row):
    record = only(row)
    assert (record.question, record.output, record.reasoning) == (ASKED, SAID, "想")
    assert record.messages()[-1] == {"role": "assistant", "content": SAID, "reasoning_content": "想"}


def test_what_a_row_leaves_out_is_named():
    named = []
    row = {"instruction": "甲\x00", "output": "乙", "tools": ["f"], "history": [["丙", ""]]}
    (record,) = to_records(row, source="set", note=named.append)
    assert record.instruction == "甲"
    assert named == ["damaged text, mended", "field tools", "empty turn of the history"]
    assert list(to_records({"question": "甲", "answer": "乙", "label": 0}, source="", note=named.append)) == []
    assert named[-1] == "candidate marked wrong"
