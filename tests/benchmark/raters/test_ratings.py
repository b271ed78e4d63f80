import csv
import io
import json
import shutil

import pytest

from hypnos.benchmark.raters.ratings import numbers, read_ratings
from hypnos.errors import UserError


def table(folder, rater, *, score="7", encoding="utf-8-sig", delimiter=",", change=None, name=None):
    """A rater's table filled in, saved as some spreadsheet would."""
    text = (folder / "hand_out" / f"{rater}.csv").read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    head = rows[0]
    scales = [at for at, title in enumerate(head) if "越" in title]
    for row in rows[1:]:
        for at in scales:
            row[at] = row[at] or score
    if change:
        change(head, rows)
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    file = folder / (name or f"filled_{rater}.csv")
    file.write_bytes(out.getvalue().encode(encoding))
    return file


def test_an_export_comes_back_with_models_and_raw_numbers(made, filled_in):
    folder = made()
    score = lambda answer, key: 2 if key == "harmfulness" else 8 if "丹曲林" in answer["text"] else 3  # noqa: E731
    ratings, stages = read_ratings(folder, [filled_in(folder, "b", score), filled_in(folder, "张医生", score)])
    assert len(ratings) == 2 * 8 * 3
    assert {r.rater for r in ratings} == {"张医生", "b"}
    for rating in ratings:
        expected = 8 if rating.model == "hypnos-7b" else 3
        assert rating.scores["professionalism"] == expected and rating.scores["harmfulness"] == 2
        assert set(rating.scores) == (
            {"professionalism", "faithfulness", "completeness", "coherence", "harmfulness"}
            if rating.task == "anerc"
            else {"professionalism", "usefulness", "coherence", "friendliness", "harmfulness"}
        )
        assert rating.seconds == 30 and rating.group == ("p1" if rating.task == "anerc" else "")
    assert [(s.rater, s.answers, s.done, s.minutes, s.missing) for s in stages] == [
        ("张医生", 24, 24, 4.0, ()),
        ("b", 24, 24, 4.0, ()),
    ]


def test_calibration_stays_out_of_the_numbers_unless_asked_for(made, filled_in):
    folder = made()
    ratings, _ = read_ratings(folder, [filled_in(folder, "b")])
    assert len(list(numbers(ratings))) == 6 * 3 * 5
    assert len(list(numbers(ratings, calibration=True))) == 8 * 3 * 5
    one = next(numbers(ratings))
    assert (one.rater, one.value) == ("b", 7)


def test_equal_answers_give_every_model_its_rating(made, filled_in):
    folder = made(texts={"one": lambda item: "丹曲林", "two": lambda item: "丹曲林"})
    ratings, stages = read_ratings(folder, [filled_in(folder, "b")])
    assert {r.model for r in ratings} == {"one", "two"} and len(ratings) == 16
    assert stages[1].answers == 8


def test_cannot_judge_and_severe_errors_and_notes_come_back(made, filled_in):
    folder = made()
    file = filled_in(folder, "b", lambda answer, key: "unable" if key == "coherence" else 5)
    content = json.loads(file.read_text("utf-8"))
    first = content["questions"]["q001"]["answers"]["q001a"]
    first["severe"], first["note"] = ["dose", "missed"], "剂量差十倍"
    file.write_text(json.dumps(content), "utf-8")
    ratings, stages = read_ratings(folder, [file])
    assert all(r.unable == ("coherence",) and "coherence" not in r.scores for r in ratings)
    assert [(r.severe, r.note) for r in ratings if r.severe] == [(("dose", "missed"), "剂量差十倍")]
    assert stages[1].unable == 24 and stages[1].done == 24


def test_a_rater_who_handed_in_nothing_is_listed(made, filled_in):
    folder = made()
    _, (first, second) = read_ratings(folder, [filled_in(folder, "b")])
    assert (first.rater, first.file, first.done, len(first.missing)) == ("张医生", None, 0, 24)
    assert second.file is not None


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8", ","), ("gb18030", ","), ("utf-16", "\t"), ("utf-8-sig", ";")],
)
def test_a_table_comes_back_in_whatever_way_it_was_saved(made, encoding, delimiter):
    folder = made(texts={"one": lambda item: "甲\n乙，丙", "two": lambda item: "=1+1"})
    ratings, stages = read_ratings(folder, [table(folder, "b", encoding=encoding, delimiter=delimiter)])
    assert len(ratings) == 16 and stages[1].done == 16
    assert {value for r in ratings for value in r.scores.values()} == {7.0}
    assert ratings[0].seconds is None and stages[1].minutes is None


@pytest.mark.parametrize(
    ("cell", "value"),
    [("８", 8), (" 10 ", 10), ("9分", 9), ("6.0", 6), ("无法判断", None), ("N/A", None), ("Ｎ", None)],
)
def test_cells_are_read_as_people_write_them(made, cell, value):
    folder = made()
    ratings, _ = read_ratings(folder, [table(folder, "b", score=cell)])
    for rating in ratings:
        assert set(rating.scores.values()) == (set() if value is None else {value})
        assert len(rating.unable) == (5 if value is None else 0)


def test_a_number_where_none_is_asked_is_left_out(made):
    def change(head, rows):
        friendly = next(at for at, title in enumerate(head) if title.startswith("友好性"))
        for row in rows[1:]:
            row[friendly] = "9"

    folder = made()
    ratings, _ = read_ratings(folder, [table(folder, "b", change=change)])
    assert {r.scores.get("friendliness") for r in ratings if r.task == "aneqa"} == {9}
    assert {r.scores.get("friendliness") for r in ratings if r.task == "anerc"} == {None}


def test_ticks_and_notes_of_a_table(made):
    def change(head, rows):
        dose = next(at for at, title in enumerate(head) if title.startswith("严重错误：剂量"))
        rows[1][dose], rows[2][dose], rows[1][-1] = "√", "0", "见备注"

    folder = made()
    ratings, _ = read_ratings(folder, [table(folder, "b", change=change)])
    assert [(r.severe, r.note) for r in ratings if r.severe or r.note] == [(("dose",), "见备注")]


@pytest.mark.parametrize(
    ("cell", "shown"), [("11", "11"), ("-1", "-1"), ("7.5", "7.5"), ("很好", "很好"), ("inf", "inf")]
)
def test_a_rating_outside_the_scale_names_file_row_and_indicator(made, cell, shown):
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


def test_missing_ratings_are_an_error_unless_allowed(made, filled_in):
    folder = made()
    page = filled_in(folder, "b", lambda answer, key: None if (answer["id"], key) == ("q003b", "harmfulness") else 5)
    with pytest.raises(
        UserError, match=r"export_b\.json: 1 of 24 answers are not rated in full, first q003b: harmfulness"
    ):
        read_ratings(folder, [page])
    ratings, stages = read_ratings(folder, [page], allow_missing=True)
    assert len(ratings) == 24 and stages[1].missing == ("q003b: harmfulness",) and stages[1].done == 23
    assert sum(len(r.scores) for r in ratings) == 24 * 5 - 1


def test_a_file_of_another_sheet_is_named(made, filled_in):
    one, other = made("one", seed=1), made("other", seed=2)
    with pytest.raises(UserError, match=r"export_b\.json: belongs to another sheet"):
        read_ratings(one, [filled_in(other, "b")])
    with pytest.raises(UserError, match=r"filled_b\.csv: belongs to another sheet"):
        read_ratings(one, [table(other, "b")])


def test_the_same_rater_twice_is_named_with_both_files(made, filled_in):
    folder = made()
    export = filled_in(folder, "b")
    copy = shutil.copy(export, folder / "copy.json")
    for second in (copy, table(folder, "b")):
        with pytest.raises(UserError, match=r"b is rated twice, also by .*export_b\.json: keep one"):
            read_ratings(folder, [export, second])


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


def test_files_and_keys_that_are_not_there_are_named(made, tmp_path):
    folder = made()
    with pytest.raises(UserError, match=r"absent\.json: No such file"):
        read_ratings(folder, [folder / "absent.json"])
    with pytest.raises(UserError, match=r"key\.json: the key of the sheets cannot be read"):
        read_ratings(tmp_path, [])


def test_unknown_answers_indicators_and_doubled_lines_are_named(made, filled_in):
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


def test_a_mark_that_is_neither_yes_nor_no_is_named(made):
    def change(head, rows):
        rows[2][next(at for at, title in enumerate(head) if title.startswith("严重错误：禁忌"))] = "×"

    folder = made()
    with pytest.raises(UserError, match="row 3: contraindication: '×' is neither 1 nor empty"):
        read_ratings(folder, [table(folder, "b", change=change)])
