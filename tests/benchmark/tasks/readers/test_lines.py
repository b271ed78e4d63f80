import json
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.lines import Lines
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


def test_nine_options_and_a_case_before_the_question(tmp_path):
    row = {
        "question": "宜选",
        "case": "男，60岁。",
        "options": {letter: f"第{letter}" for letter in "IHGFEDCBA"},
        "answer": "I",
    }
    item = read(Lines(), write(tmp_path / "a.jsonl", row))[0]
    assert (list(item.options), item.passage) == (list("ABCDEFGHI"), "男，60岁。")


@pytest.mark.parametrize(
    ("row", "question", "answers"),
    [
        ({"instruction": "何时禁食？", "input": "", "output": "术前"}, "何时禁食？", ("术前",)),  # Alpaca
        ({"instruction": "概括", "input": "材料", "output": "要点"}, "概括\n材料", ("要点",)),
        (
            {"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]},
            "问",
            ("答",),
        ),
        (
            {"conversations": [{"from": who, "value": text} for who, text in zip(("human", "gpt") * 2, "甲乙丙丁")]},
            "问：甲\n答：乙\n问：丙",
            ("丁",),
        ),
        (
            {"instruction": "丙", "input": "", "output": "丁", "history": [["甲", "乙"]]},
            "问：甲\n答：乙\n问：丙",
            ("丁",),
        ),
        ({"query": "问", "response": "答"}, "问", ("答",)),  # ChatMed
        ({"data": ["问：甲", "答：乙"]}, "甲", ("乙",)),  # HuatuoGPT
        ({"questions": [["甲", "乙"]], "answers": ["丙", "丁"]}, "甲", ("丙", "丁")),  # Huatuo-26M
        ({"title": "甲", "ask": "乙", "answer": "丙"}, "甲\n乙", ("丙",)),  # Toyhom
    ],
)
def test_what_is_trained_on_can_be_asked(tmp_path, row, question, answers):
    (item,) = read(Lines(), write(tmp_path / "a.jsonl", row), "question")
    assert (item.id, item.question, item.answers) == ("1", question, answers)


def test_a_conversation_that_cannot_be_read_says_why(tmp_path):
    path = write(tmp_path / "a.jsonl", {"messages": [{"role": "assistant", "content": "答"}]})
    with pytest.raises(UserError, match=r"a\.jsonl:1: message 1 is by 'assistant'"):
        read(Lines(), path, "question")


@pytest.mark.real_data
def test_real_choice_questions_are_read(shared_data):
    items = read(Lines(), str(shared_data / "mcq" / "anesthesia_mcq_dev.jsonl"))
    assert (len(items), sum(item.multiple for item in items)) == (83, 5)
    assert sum(item.negative for item in items) in (10, 11)
    assert len(read(Lines(), str(shared_data / "mcq" / "medical_mcq_sample.jsonl"))) == 1500
