import json
import logging
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.cmexam import CmExam
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


CMEXAM = (
    "Question,Options,Answer,Explanation,Clinical Department,Difficulty level\n"
    '下列哪项除外,"A 甲\nB．乙\nC、C反应蛋白\nD 丁",B,因为乙。,麻醉科,3\n'
    '多选,"A 甲\nB 乙\nC 丙",AC,,内科,1\n'
    '空,"A 甲\nB 乙",,,内科,1\n'
)


def test_cmexam_splits_options_by_lines_and_leaves_out_empty_cells(tmp_path, caplog):
    path = write(tmp_path / "test.csv", CMEXAM)
    with caplog.at_level(logging.WARNING):
        first, second = read(CmExam(), path)
    assert "1 incomplete rows left out" in caplog.text
    assert first.options == {"A": "甲", "B": "乙", "C": "C反应蛋白", "D": "丁"}
    assert (first.negative, first.multiple, first.topic, first.level) == (True, False, "麻醉科", "3")
    assert (second.answers, second.multiple, second.id) == (("AC",), True, "2")
    assert len(read(CmExam(department="麻醉"), path)) == 1
    with pytest.raises(UserError, match=r"test\.csv:\d+: missing answers"):
        read(CmExam(skip_incomplete=False), path)


def test_cmexam_without_annotations_cannot_be_cut_by_department(tmp_path):
    path = write(tmp_path / "val.csv", 'Question,Options,Answer\n问,"A 甲\nB 乙",A\n')
    assert read(CmExam(), path)[0].topic == ""
    with pytest.raises(UserError, match="columns found: Question, Options, Answer"):
        read(CmExam(department="麻醉"), path)
