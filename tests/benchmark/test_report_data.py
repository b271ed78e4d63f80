from dataclasses import replace
from pathlib import Path

import pytest

from hypnos.benchmark.raters.ratings import AnswerRating, Completeness
from hypnos.benchmark.report_data import judge_notes, rater_notes, report_indicators, verdict_duels, verdict_numbers
from hypnos.specialty.folder import read_specialty

ASPECTS = ("coherence", "professionalism", "usefulness", "harmfulness", "friendliness")


@pytest.fixture(scope="module")
def specialty():
    return read_specialty(Path(__file__).parents[2] / "specialty" / "anesthesia")


def verdict(item, model, value, mode="absolute", judge="gpt4"):
    scores = None if value is None else dict.fromkeys(ASPECTS, value)
    place = {"task": "aneqa", "item": item, "group": f"g{item}", "model": model, "sample": 0, "mode": mode}
    return {**place, "judge": judge, "judged_by": judge, "scores": scores, "chars": 10}


def duel(item, winner):
    place = {"task": "aneqa", "item": item, "group": "", "mode": "pairwise", "judge": "gpt4", "judged_by": "gpt-4-0613"}
    side = {"a": "left", "b": "right", "tie": "tie", None: None}[winner]
    same = {"left": "a", "right": "b", "forward": side, "backward": side, "winner": winner, "same_words": False}
    return {**place, **same, "consistent": None if winner is None else True, "left_chars": 9, "right_chars": 4}


def rating(rater, item, model, value, severe=(), part="main"):
    place = {"rater": rater, "task": "aneqa", "item": item, "group": "", "model": model, "part": part}
    scores = {"professionalism": value, "harmfulness": 10 - value}
    return AnswerRating(**place, scores=scores, unable=(), severe=tuple(severe), note="", seconds=None)


def test_numbers_are_raw_and_unreadable_verdicts_give_none():
    rows = [verdict("q1", "a", 3.0), verdict("q2", "a", None), verdict("q1", "a", 8.0, "reference"), duel("q1", "a")]
    found = list(verdict_numbers(rows))
    assert [(one.rater, one.indicator, one.value, one.group) for one in found[:1]] == [
        ("gpt4", "coherence", 3.0, "gq1")
    ]
    assert len(found) == 10
    assert {one.rater for one in found if one.beside_reference} == {"gpt4 (reference)"}
    assert {one.rater: one.value for one in found if one.indicator == "harmfulness"} == {
        "gpt4": 3.0,
        "gpt4 (reference)": 8.0,
    }


def test_duels_count_wins_and_ties_and_leave_out_what_could_not_be_read():
    rows = [duel("q1", "a"), duel("q2", "b"), duel("q3", "tie"), duel("q4", None), verdict("q1", "a", 3.0)]
    assert [(one.item, one.first, one.second, one.outcome) for one in verdict_duels(rows)] == [
        ("q1", "a", "b", 1),
        ("q2", "a", "b", -1),
        ("q3", "a", "b", 0),
    ]


def test_scales_of_raters_and_judges_are_named_once_with_their_direction(specialty):
    scales = {one.key: one for one in report_indicators(specialty)}
    assert set(ASPECTS) <= set(scales) and {"faithfulness", "completeness"} <= set(scales)
    harm = scales["harmfulness"]
    assert (harm.title, harm.better, harm.turned, harm.top) == ("有害性", "lower", "无害性", 10)


def test_notes_about_judges_show_their_sway_and_warn_of_a_flat_scale(specialty):
    rows = [verdict(f"q{n}", "a", 8.0) for n in range(11)] + [verdict("q99", "a", None), duel("q1", "a")]
    sway, scale = judge_notes(rows, specialty)
    unreadable = next(row for row in sway.rows if row[1] == "unreadable verdicts")
    assert unreadable[2] == "7.7 %" and unreadable[-1] == "13"
    assert all(row[4] == "8 (100.0 %)" and row[-1] == "tells nothing apart" for row in scale.rows)
    assert judge_notes([], specialty) == []
    mixed = judge_notes([verdict(f"q{n}", "a", float(n % 5)) for n in range(10)], specialty)[1]
    assert {row[-1] for row in mixed.rows} == {""}


def test_notes_about_raters(specialty):
    ratings = [
        *(rating("甲", f"q{n}", "a", n) for n in range(5)),
        *(rating("乙", f"q{n}", "a", n, severe=["dose"] if n == 0 else ()) for n in range(5)),
        rating("甲", "q0", "b", 1, severe=["dose", "missed"]),
        rating("甲", "q8", "a", 1, severe=["dose"], part="calibration"),
    ]
    stage = Completeness(rater="甲", file=None, answers=7, done=6, unable=1, minutes=12.4, missing=("q001a: x",))
    verdicts = [verdict(f"q{n}", "a", float(n)) for n in range(5)]
    notes = {note.title: note for note in rater_notes(ratings, [stage], verdicts, specialty)}
    assert notes["Raters: how far they are"].rows == (("甲", "6", "7", "1", "12"),)
    first = notes["Raters: agreement"].rows[0]
    assert first == ("aneqa", "专业性", "1.00", "1.00", "100.0 %", "5", "2", "1")
    held = {row[2]: row for row in notes["Judges against raters"].rows}
    assert held["专业性"][3:6] == ("1.00", "1.00", "+0.00")
    # The judge gave to harm what it gave to the rest: 0 to 4 where the raters gave 10 to 6.
    assert held["有害性"][3] == "-1.00" and held["有害性"][5] == "-6.00"
    severe = {row[0]: row for row in notes["Raters: severe errors"].rows}
    assert severe["a"] == ("a", "1 (1)", "0 (0)", "0 (0)", "1 (20.0 % [0.5 %, 71.6 %])", "5")
    assert severe["b"] == ("b", "1 (1)", "0 (0)", "1 (1)", "1 (100.0 %)", "1")


def test_an_indicator_that_the_rubric_has_no_more_is_called_as_on_the_sheets(specialty):
    scale = {"key": "empathy", "name": "共情", "kinds": ["question"]}
    harm = {"key": "pain", "name": "疼痛", "lower_is_better": True, "turned": "无痛"}
    ratings = [
        replace(rating(rater, f"q{n}", "a", n), scores={"empathy": float(n), "gone": 1.0 + n}, scales=[scale, harm])
        for rater in "甲乙"
        for n in range(4)
    ]
    verdicts = [{**verdict(f"q{n}", "a", 1.0), "scores": {"empathy": float(n)}} for n in range(4)]
    notes = {note.title: note for note in rater_notes(ratings, [], verdicts, specialty)}
    assert [row[1] for row in notes["Raters: agreement"].rows] == ["共情", "gone"]  # `gone` is in no key
    assert [row[2] for row in notes["Judges against raters"].rows] == ["共情"]
    known = report_indicators(specialty)
    added = report_indicators(specialty, ratings)[len(known) :]
    assert [(one.key, one.title, one.better, one.turned) for one in added] == [
        ("empathy", "共情", "higher", ""),
        ("pain", "疼痛", "lower", "无痛"),
    ]


def test_before_any_rating_there_is_only_how_far_they_are(specialty):
    stage = Completeness(rater="甲", file=None, answers=7, done=0, unable=0, minutes=None, missing=())
    (note,) = rater_notes([], [stage], [], specialty)
    assert note.rows == (("甲", "0", "7", "0", ""),)
