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


@pytest.mark.parametrize("answer", ["BD", "D,B", "B、D", "Ｂ和Ｄ", "b d", ["D", "B"], "D；B"])
def test_the_order_and_separators_of_an_answer_do_not_matter(tmp_path, answer):
    row = {"question": "？", "options": ["甲", "乙", "丙", "丁"], "answer": answer}
    item = read(Lines(), write(tmp_path / "a.jsonl", row))[0]
    assert (item.answers, item.multiple, list(item.options)) == (("BD",), True, ["A", "B", "C", "D"])
