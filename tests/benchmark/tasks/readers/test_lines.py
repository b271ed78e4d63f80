import json
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.lines import Lines


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


@pytest.mark.real_data
def test_real_choice_questions_are_read(shared_data):
    items = read(Lines(), str(shared_data / "mcq" / "anesthesia_mcq_dev.jsonl"))
    assert (len(items), sum(item.multiple for item in items)) == (83, 5)
    assert sum(item.negative for item in items) in (10, 11)
    assert len(read(Lines(), str(shared_data / "mcq" / "medical_mcq_sample.jsonl"))) == 1500
