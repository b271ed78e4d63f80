import json
import shutil

import pytest

from hypnos.benchmark.raters.ratings import numbers, read_ratings
from hypnos.errors import UserError


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
    assert {tuple(scale["name"] for scale in r.scales)[:1] for r in ratings} == {("专业性",)}
    assert {r.shared for r in ratings} == {"one = two"} == {n.shared for n in numbers(ratings)}
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


def test_a_number_where_none_is_asked_is_left_out(made, table):
    def change(head, rows):
        friendly = next(at for at, title in enumerate(head) if title.startswith("友好性"))
        for row in rows[1:]:
            row[friendly] = "9"

    folder = made()
    ratings, _ = read_ratings(folder, [table(folder, "b", change=change)])
    assert {r.scores.get("friendliness") for r in ratings if r.task == "aneqa"} == {9}
    assert {r.scores.get("friendliness") for r in ratings if r.task == "anerc"} == {None}


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


def test_a_file_of_another_sheet_is_named(made, filled_in, table):
    one, other = made("one", seed=1), made("other", seed=2)
    with pytest.raises(UserError, match=r"export_b\.json: belongs to another sheet"):
        read_ratings(one, [filled_in(other, "b")])
    with pytest.raises(UserError, match=r"filled_b\.csv: belongs to another sheet"):
        read_ratings(one, [table(other, "b")])


def test_the_same_rater_twice_is_named_with_both_files(made, filled_in, table):
    folder = made()
    export = filled_in(folder, "b")
    copy = shutil.copy(export, folder / "copy.json")
    for second in (copy, table(folder, "b")):
        with pytest.raises(UserError, match=r"b is rated twice, also by .*export_b\.json: keep one"):
            read_ratings(folder, [export, second])


def test_files_and_keys_that_are_not_there_are_named(made, tmp_path):
    folder = made()
    with pytest.raises(UserError, match=r"absent\.json: No such file"):
        read_ratings(folder, [folder / "absent.json"])
    with pytest.raises(UserError, match=r"key\.json: the key of the sheets cannot be read"):
        read_ratings(tmp_path, [])
