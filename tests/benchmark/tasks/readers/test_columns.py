import json
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.columns import Columns
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


def test_ceval_and_cmmlu_tables_are_read_with_the_file_as_topic(tmp_path):
    write(tmp_path / "clinical_val.csv", "id,question,A,B,C,D,answer,explanation\n0,问,1,2,3,4,C,因\n")
    write(tmp_path / "nursing.csv", ",Question,A,B,C,D,Answer\n0,问？,1,2,3,4,D\n1,又问？,1,2,3,4,A\n")
    items = read(Columns(), str(tmp_path))
    assert [(item.id, item.topic, item.answers[0]) for item in items] == [
        ("clinical-0", "clinical", "C"), ("nursing-0", "nursing", "D"), ("nursing-1", "nursing", "A"),
    ]  # fmt: skip
    assert (items[0].explanation, items[1].options["D"]) == ("因", "4")
    hidden = write(tmp_path / "clinical_test.csv", "id,question,A,B,C,D\n0,问,1,2,3,4\n")
    with pytest.raises(UserError, match=r"clinical_test\.csv:2: no column answer; columns found: id, question, A"):
        read(Columns(), hidden)
