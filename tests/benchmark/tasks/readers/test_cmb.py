import json
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.cmb import Cmb, CmbClin
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


def cmb(number: int, exam_class: str, subject: str, kind: str = "单项选择题", **more) -> dict:
    return {
        "id": number, "exam_type": "医师考试", "exam_class": exam_class, "exam_subject": subject, "question": f"问{number}",
        "question_type": kind, "option": {"A": "甲", "B": "乙", "C": "丙", "D": "丁", "E": ""}, **more,
    }  # fmt: skip


def test_cmb_joins_the_second_file_and_keeps_the_subjects(tmp_path):
    rows = [cmb(1, "规培结业", "麻醉科"), cmb(2, "规培结业", "内科"), cmb(3, "临床医学", "麻醉学", "多项选择题")]
    path = write(tmp_path / "test.json", rows)
    answers = write(
        tmp_path / "answers.json", [{"id": 3, "answer": "DB"}, {"id": 1, "answer": "C"}, {"id": 2, "answer": "A"}]
    )
    reader = Cmb(answers=answers, subjects=[["规培结业", "麻醉科"], ["临床医学", "麻醉学"]])
    first, second = read(reader, path)
    assert (first.id, first.answers, first.multiple, list(first.options)) == ("1", ("C",), False, ["A", "B", "C", "D"])
    assert (second.answers, second.multiple, second.topic) == (("BD",), True, "医师考试/临床医学/麻醉学")
    assert len(read(Cmb(answers=answers), path)) == 3


def test_cmb_names_what_is_missing(tmp_path):
    path = write(tmp_path / "test.json", [cmb(1, "规培结业", "麻醉科")])
    with pytest.raises(
        UserError, match=r"test\.json#1: missing answers: no column answer \(test part: reader\.answers"
    ):
        read(Cmb(), path)
    answers = write(tmp_path / "answers.json", [{"id": 2, "answer": "C"}])
    with pytest.raises(UserError, match=r"test\.json#1: missing answers: the file of answers has no id 1"):
        read(Cmb(answers=answers), path)
    twice = write(tmp_path / "twice.json", [{"id": 1, "answer": "C"}, {"id": 1, "answer": "B"}])
    with pytest.raises(UserError, match=r"twice\.json#2: the id 1 came before, at .*twice\.json#1"):
        read(Cmb(answers=twice), path)
    outside = write(tmp_path / "outside.json", [{"id": 1, "answer": "E"}])
    with pytest.raises(UserError, match=r"outside\.json#1: the answer E is outside the options"):
        read(Cmb(answers=outside), path)
    with pytest.raises(UserError, match="no item of these subjects; subjects found: 规培结业/麻醉科"):
        read(Cmb(subjects=[["规培结业", "外科"]]), path)
    odd = write(tmp_path / "odd.json", [cmb(1, "规培结业", "麻醉科", "判断题", answer="A")])
    with pytest.raises(UserError, match="question_type '判断题' is none of"):
        read(Cmb(), odd)


def test_cmb_clin_makes_an_item_of_each_question_of_a_case(tmp_path):
    pairs = [{"question": "诊断？", "solution": "肠梗阻"}, {"question": "处理？", "solution": "手术"}]
    path = write(tmp_path / "clin.json", [{"id": "5", "title": "案例", "description": "男，60岁。", "QA_pairs": pairs}])
    items = read(CmbClin(), path, "reading")
    assert [(item.id, item.group, item.answers) for item in items] == [
        ("5-1", "5", ("肠梗阻",)),
        ("5-2", "5", ("手术",)),
    ]
    assert {item.passage for item in items} == {"男，60岁。"}
    with pytest.raises(UserError, match=r"#1: no column QA_pairs; columns found: id, description"):
        read(CmbClin(), write(tmp_path / "b.json", [{"id": "5", "description": "男"}]), "reading")
