import json
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


@pytest.mark.parametrize("prefix", ["cn_", "zh_", ""])
def test_anesbench_reads_chinese_under_any_of_its_prefixes(tmp_path, prefix):
    row = {key.replace("cn_", prefix): value for key, value in BILINGUAL.items()}
    item = read(AnesBench(), write(tmp_path / "a.json", [row]))[0]
    assert (item.id, item.question, dict(item.options)) == ("7a", "哪一个？", {"A": "一", "B": "二", "C": "三"})
    assert (item.answers, item.level, item.multiple) == (("B",), "2", False)


def test_anesbench_reads_english_from_either_layout(tmp_path):
    assert read(AnesBench(language="en"), write(tmp_path / "a.json", [BILINGUAL]))[0].options["B"] == "two"
    row = {"question": "Which?", "A": "x", "B": "y", "answer": "A"}
    item = read(AnesBench(language="en"), write(tmp_path / "b.json", [row]))[0]
    assert (item.question, item.level, item.id) == ("Which?", "", "1")


def test_anesbench_leaves_out_filling_beyond_its_number_of_options(tmp_path):
    row = BILINGUAL | {"cn_D": "-"}
    assert list(read(AnesBench(), write(tmp_path / "a.json", [row]))[0].options) == ["A", "B", "C"]
    with pytest.raises(UserError, match=r"a\.json#1: the answer D is outside the options \(A, B, C\)"):
        read(AnesBench(), write(tmp_path / "a.json", [row | {"answer": "D"}]))


def test_anesbench_names_the_columns_found_when_none_fits(tmp_path):
    with pytest.raises(
        UserError, match=r"#1: no column zh_question or cn_question or question; columns found: fr_question, answer"
    ):
        read(AnesBench(), write(tmp_path / "a.json", [{"fr_question": "?", "answer": "A"}]))
    with pytest.raises(UserError, match=r"#1: no columns zh_A, zh_B; columns found: zh_question, answer"):
        read(AnesBench(), write(tmp_path / "b.json", [{"zh_question": "?", "answer": "A"}]))
    with pytest.raises(UserError, match=r"reader\.language: 'de' is none of zh, en"):
        AnesBench(language="de")


@pytest.mark.parametrize("count", [3, "3", 3.0, "3.0"])
def test_a_count_that_a_table_made_a_fraction_of_is_one(tmp_path, count):
    row = BILINGUAL | {"choice_num": count, "cn_D": "-"}
    assert list(read(AnesBench(), write(tmp_path / "a.json", [row]))[0].options) == ["A", "B", "C"]


def test_an_empty_column_beside_a_full_one_is_passed_over(tmp_path):
    row = BILINGUAL | {"zh_question": "", "zh_A": "", "zh_B": "", "zh_C": ""}
    (item,) = read(AnesBench(), write(tmp_path / "a.json", [row]))
    assert (item.question, dict(item.options)) == ("哪一个？", {"A": "一", "B": "二", "C": "三"})


def test_a_parquet_file_with_holes_is_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    rows = [BILINGUAL, BILINGUAL | {"id": "7b", "choice_num": None, "level": None}]
    pandas.DataFrame(rows).to_parquet(tmp_path / "a.parquet")  # choice_num and level become 3.0, 2.0 and nan
    first, second = read(AnesBench(), str(tmp_path / "a.parquet"))
    assert (first.level, second.level, len(first.options)) == ("2", "", 3)
