import json
import tracemalloc
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from hypnos.corpus.files import read_rows
from hypnos.corpus.formats import Malformed
from hypnos.errors import UserError

ROW = {"question": "麻醉前禁食多久？", "answer": "清饮料 2 小时。"}
LINE = json.dumps(ROW, ensure_ascii=False)


def rows_of(path: Path, **settings: str) -> list:
    return [row for _, row in read_rows(str(path), **settings)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.JSONL"])
def test_json_lines_are_read_under_each_of_their_names(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(LINE + "\n\n" + LINE + "\n", "utf-8")
    assert list(read_rows(str(file))) == [(f"{file}:1", ROW), (f"{file}:3", ROW)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read_on_one_line_and_on_many(tmp_path: Path, indent: int | None) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps([ROW, {"text": "b"}], ensure_ascii=False, indent=indent), "utf-8")
    assert list(read_rows(str(file))) == [(f"{file}#1", ROW), (f"{file}#2", {"text": "b"})]


@pytest.mark.parametrize(
    "content",
    ['["问：甲","答：乙"]\n["问：丙","答：丁"]\n', '[["问：甲","答：乙"],["问：丙","答：丁"]]', '[\n ["问：甲","答：乙"],\n ["问：丙","答：丁"]\n]'],
    ids=["lines", "array on one line", "array on many lines"],
)  # fmt: skip
def test_lists_of_turns_are_rows_in_lines_and_in_an_array(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content, "utf-8")
    assert rows_of(file) == [["问：甲", "答：乙"], ["问：丙", "答：丁"]]


def test_a_single_line_of_turns_is_one_dialogue(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('["问：甲","答：乙"]', "utf-8")
    assert rows_of(file) == [["问：甲", "答：乙"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", LINE), ("a.json", LINE), ("b.json", f"[{LINE}]"), ("a.csv", "question,answer\n麻醉前禁食多久？,清饮料 2 小时。\n")],
)  # fmt: skip
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert rows_of(file) == [ROW]


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.TSV", "\t")])
def test_tables_in_gb18030_are_read_when_told_so(tmp_path: Path, name: str, separator: str) -> None:
    file = tmp_path / name
    lines = [("department", "title", "ask", "answer"), ("麻醉科", "术后头痛", "腰麻后头痛", "平卧、补液")]
    file.write_bytes("\n".join(map(separator.join, lines)).encode("gb18030"))
    assert rows_of(file, encoding="gb18030") == [dict(zip(*lines, strict=True))]


def test_a_quoted_cell_may_hold_line_breaks_and_commas(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('question,answer\n"甲,\n乙",丙\n', "utf-8")
    assert list(read_rows(str(file))) == [(f"{file}:3", {"question": "甲,\n乙", "answer": "丙"})]


def test_parquet_keeps_lists_in_cells(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    row = {"questions": [["甲", "乙"]], "answers": ["丙"]}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row, row]), file)
    assert list(read_rows(str(file))) == [(f"{file}#1", row), (f"{file}#2", row)]


def test_a_malformed_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{LINE}\n{{"question": \n{LINE}\n', "utf-8")
    rows = list(read_rows(str(file)))
    assert [row for _, row in rows[::2]] == [ROW, ROW]
    assert rows[1][0] == f"{file}:2"
    assert isinstance(rows[1][1], Malformed)
    assert "not JSON" in rows[1][1]


@pytest.mark.parametrize(
    ("cells", "fault"), [("甲", "fewer cells than columns"), ("甲,乙,丙", "more cells than columns")]
)
def test_a_row_of_a_table_with_another_number_of_cells_is_malformed(tmp_path: Path, cells: str, fault: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"question,answer\n甲,乙\n{cells}\n", "utf-8")
    assert list(read_rows(str(file)))[1] == (f"{file}:3", Malformed(fault))


def test_a_broken_array_names_line_and_record(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(f"[\n{LINE},\n{LINE}\n{LINE}\n]", "utf-8")
    with pytest.raises(UserError, match=r"a\.json:4: not JSON after record 2") as raised:
        rows_of(file)
    assert "\n" not in str(raised.value)


def test_an_array_cut_off_in_the_middle_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(f"[{LINE},{LINE[:-5]}", "utf-8")
    with pytest.raises(UserError, match=r"a\.json:1: not JSON after record 1"):
        rows_of(file)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
def test_a_wrong_encoding_names_the_line_and_the_cure(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    good = '{"question": "a", "answer": "b"}\n' if name != "a.csv" else "a,b\n"
    file.write_bytes(good.encode() * 700 + good.replace("a", "麻醉").encode("gb18030") + good.encode())
    with pytest.raises(UserError, match=rf"{name}:701: not utf-8: .*encoding=gb18030"):
        rows_of(file)


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", b""), ("a.json", b"[]"), ("a.json", b" \n"), ("a.csv", b"question,answer\n")]
)
def test_a_file_without_records_is_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UserError, match="no records in this file"):
        rows_of(file)


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more"])
def test_a_file_that_is_no_parquet_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.parquet: not Parquet: [^\n]+$"):
        rows_of(file)


@pytest.mark.parametrize("lines", [True, False], ids=["lines", "one line"])
def test_a_long_file_is_never_held_as_a_whole(tmp_path: Path, lines: bool) -> None:
    file = tmp_path / "a.json"
    rows = [json.dumps({"text": "a" * 1000})] * 5000
    file.write_text("\n".join(rows) if lines else f"[{','.join(rows)}]")
    assert sum(1 for _ in read_rows(str(tmp_path / "a.json"))) == 5000  # imports and first buffers
    tracemalloc.start()
    count = sum(1 for _ in read_rows(str(file)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5000
    assert peak < file.stat().st_size / 5


@pytest.mark.parametrize(
    "head", ["question,answer,answer", "question,answer,Answer ", "question,answer,id,question"]
)  # fmt: skip
def test_a_csv_with_two_columns_of_one_name_is_refused(tmp_path: Path, head: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"{head}\n" + ",".join("甲乙丙丁"[: head.count(",") + 1]) + "\n", "utf-8")
    with pytest.raises(UserError, match=r"a\.csv:1: two columns are called (answer|question)$"):
        list(read_rows(str(file)))


def test_columns_without_a_name_may_be_many(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("question,answer,,\n甲,乙,,\n", "utf-8")
    (row,) = rows_of(file)
    assert (row["question"], row["answer"]) == ("甲", "乙")


def test_a_nul_in_a_cell_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("question,answer\n甲,乙\n丙,丁\0丁\n".encode())
    (_, first), (where, second) = read_rows(str(file))
    assert first == {"question": "甲", "answer": "乙"}
    assert where == f"{file}:3" and second == "a NUL in column answer" and isinstance(second, Malformed)


@pytest.mark.parametrize("text", ['[{"a": "甲"}]\n[{"a": "乙"}]', r'[{"a": "甲"}, {"a": "0.1 \mu g"}]'])
def test_a_json_file_that_holds_more_or_other_than_one_array_is_one_line(tmp_path, text):
    file = tmp_path / "a.json"
    file.write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"a\.json:\d: not JSON after record 1: ") as raised:
        list(read_rows(str(file)))
    assert "\n" not in str(raised.value)


def test_a_quotation_mark_that_is_not_closed_swallows_no_rows(tmp_path: Path) -> None:
    rows = [f"q{n},问题{n},回答{n}" for n in range(40)]
    for opened, closed, line in (
        (3, 30, r"\d+: column answer holds whole rows"),
        (3, None, r"\d+: not CSV: unexpected end"),
    ):
        broken = list(rows)
        broken[opened] = 'q3,问题3,"回答3'
        if closed:
            broken[closed] += '"'
        file = tmp_path / "a.csv"
        file.write_text("\n".join(["id,question,answer", *broken]) + "\n", "utf-8")
        with pytest.raises(UserError, match=rf"a\.csv:{line}"):
            list(read_rows(str(file)))


def test_a_cell_that_is_quoted_in_part_is_refused_and_one_of_many_lines_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('question,answer\n何谓窒息,"窒息"指呼吸受阻。\n', "utf-8")
    with pytest.raises(UserError, match=r"a\.csv:2: not CSV: ',' expected after '\"' \(cells that begin with"):
        list(read_rows(str(file)))
    points = "\n".join(f"{n}. 给氧,监测" for n in range(9))
    file.write_text(f'question,answer\n甲,"{points}"\n', "utf-8")
    assert [row["answer"] for _, row in read_rows(str(file))] == [points]
