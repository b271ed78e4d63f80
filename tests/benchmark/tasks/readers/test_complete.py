import json
import logging
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.anesbench import AnesBench
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


BILINGUAL = {
    "id": "7a", "choice_num": 3, "answer": "B", "level": 2,
    "en_question": "Which one?", "en_A": "one", "en_B": "two", "en_C": "three", "en_D": "",
    "cn_question": "哪一个？", "cn_A": "一", "cn_B": "二", "cn_C": "三", "cn_D": "",
}  # fmt: skip


def test_incomplete_rows_stop_or_are_counted(tmp_path, caplog):
    path = write(tmp_path / "a.json", [BILINGUAL, BILINGUAL | {"id": "7b", "cn_question": ""}])
    with pytest.raises(UserError, match=r"a\.json#2: empty zh_question"):
        read(AnesBench(), path)
    with caplog.at_level(logging.WARNING):
        assert len(read(AnesBench(skip_incomplete=True), path)) == 1
    assert "1 incomplete rows left out, the first: " in caplog.text
