import json

import pytest

from hypnos.benchmark.raters.filled import AnswerEntry, read_file
from hypnos.benchmark.raters.ratings import read_ratings
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8", ","), ("gb18030", ","), ("utf-16", "\t"), ("utf-8-sig", ";")],
)
def test_a_table_comes_back_in_whatever_way_it_was_saved(made, encoding, delimiter, table):
    folder = made(texts={"one": lambda item: "甲\n乙，丙", "two": lambda item: "=1+1"})
    ratings, stages = read_ratings(folder, [table(folder, "b", encoding=encoding, delimiter=delimiter)])
    assert len(ratings) == 16 and stages[1].done == 16
    assert {value for r in ratings for value in r.scores.values()} == {7.0}
    assert ratings[0].seconds is None and stages[1].minutes is None


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-16", "\t"), ("utf-8-sig", ";")])
def test_commas_in_the_questions_do_not_part_the_columns(made, encoding, delimiter, table):
    folder = made(texts={"one": lambda item: "propofol, ketamine, " * 60, "two": lambda item: "a, b, c, d, e"})
    ratings, stages = read_ratings(folder, [table(folder, "b", encoding=encoding, delimiter=delimiter)])
    assert len(ratings) == 16 and stages[1].done == 16


@pytest.mark.parametrize(
    ("cell", "value"),
    [("８", 8), (" 10 ", 10), ("9分", 9), ("6.0", 6), ("无法判断", None), ("N/A", None), ("Ｎ", None)],
)
def test_cells_are_read_as_people_write_them(made, cell, value, table):
    folder = made()
    ratings, _ = read_ratings(folder, [table(folder, "b", score=cell)])
    for rating in ratings:
        assert set(rating.scores.values()) == (set() if value is None else {value})
        assert len(rating.unable) == (5 if value is None else 0)


def test_ticks_and_notes_of_a_table(made, table):
    def change(head, rows):
        dose = next(at for at, title in enumerate(head) if title.startswith("严重错误：剂量"))
        rows[1][dose], rows[2][dose], rows[1][-1] = "√", "0", "见备注"

    folder = made()
    ratings, _ = read_ratings(folder, [table(folder, "b", change=change)])
    assert [(r.severe, r.note) for r in ratings if r.severe or r.note] == [(("dose",), "见备注")]


@pytest.mark.parametrize(
    ("cell", "shown"), [("11", "11"), ("-1", "-1"), ("7.5", "7.5"), ("很好", "很好"), ("inf", "inf")]
)
def test_a_rating_outside_the_scale_names_file_row_and_indicator(made, cell, shown, table):
    def change(head, rows):
        rows[3][next(at for at, title in enumerate(head) if title.startswith("专业性"))] = cell

    folder = made()
    with pytest.raises(
        UserError, match=r"filled_b\.csv: row 4: professionalism: .* no whole number from 0 to 10"
    ) as caught:
        read_ratings(folder, [table(folder, "b", change=change)])
    assert shown in str(caught.value)


@pytest.mark.parametrize("value", [11, -1, 7.5, True, None, float("nan"), [5]])
def test_a_rating_outside_the_scale_in_an_export_names_the_answer(made, filled_in, value):
    folder = made()
    file = filled_in(folder, "b")
    content = json.loads(file.read_text("utf-8"))
    content["questions"]["q002"]["answers"]["q002c"]["scores"]["coherence"] = value
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(UserError, match=r"export_b\.json: q002c: coherence: .* no whole number from 0 to 10"):
        read_ratings(folder, [file])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", b"{", "no export of a rating page"),
        ("x.json", b"[1]", "no export of a rating page"),
        ("x.json", b'{"format": "hypnos-sheet/1"}', "no export of a rating page"),
        ("x.json", b'{"format": "hypnos-ratings/1", "questions": 3}', "questions: not as the page writes it"),
        ("x.csv", "甲,乙\n1,2\n".encode(), "no table of a rating sheet: no column for sheet, answer"),
        ("x.csv", b"", "no table of a rating sheet"),
        ("x.xlsx", b"PK\x03\x04", "save it as CSV"),
        ("x.csv", b"PK\x03\x04", "save it as CSV"),
        ("x.csv", b"\xff", "neither UTF-8"),
    ],
)
def test_a_file_that_is_none_of_ours_is_one_line(made, name, content, message):
    folder = made()
    file = folder / name
    file.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_ratings(folder, [file])
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_answers_indicators_and_doubled_lines_are_named(made, filled_in, table):
    folder = made()
    file = filled_in(folder, "b")
    content = json.loads(file.read_text("utf-8"))
    content["questions"]["q001"]["answers"]["q001z"] = {"scores": {}, "severe": []}
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(UserError, match="q001z: no such answer on the sheet of b"):
        read_ratings(folder, [file])
    del content["questions"]["q001"]["answers"]["q001z"]
    content["questions"]["q001"]["answers"]["q001a"]["scores"]["beauty"] = 5
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(UserError, match="q001a: beauty: no such indicator"):
        read_ratings(folder, [file])
    with pytest.raises(UserError, match=r"row 26: q001a stands twice"):
        read_ratings(folder, [table(folder, "b", change=lambda head, rows: rows.append(rows[1]))])


def test_a_mark_that_is_neither_yes_nor_no_is_named(made, table):
    def change(head, rows):
        rows[2][next(at for at, title in enumerate(head) if title.startswith("严重错误：禁忌"))] = "×"

    folder = made()
    with pytest.raises(UserError, match="row 3: contraindication: '×' is neither 1 nor empty"):
        read_ratings(folder, [table(folder, "b", change=change)])


def test_what_was_only_opened_is_left_out(tmp_path):
    key = {"indicators": [{"key": "useful"}], "severe": [{"key": "dose"}], "low": 0, "high": 10, "sheets": {}}
    opened = {"scores": {}, "severe": [], "note": ""}
    rated = {"scores": {"useful": 7}, "severe": ["dose"], "note": "十倍"}
    questions = {"q001": {"seconds": 4.5, "answers": {"q001a": rated, "q001b": opened}}}
    file = tmp_path / "export.json"
    file.write_text(json.dumps({"format": "hypnos-ratings/1", "sheet": "abc", "questions": questions}), "utf-8")
    filled = read_file(file, key)
    assert (filled.file, filled.sheet, filled.seconds) == (file, "abc", {"q001": 4.5})
    assert filled.answers == {"q001a": AnswerEntry({"useful": 7.0}, (), ("dose",), "十倍")}
    assert not AnswerEntry({}, (), (), "") and AnswerEntry({}, ("useful",), (), "")
