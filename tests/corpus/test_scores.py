import pytest

from hypnos.corpus.scores import ASPECTS, off_scale, read_grades


def entry(*scores: object, scorer: str = "claude") -> dict:
    return {"scorer": scorer, **dict(zip(ASPECTS, scores, strict=True))}


def scored(*scores: object) -> dict:
    return {"author": "gpt", "scores": [entry(*scores)]}


def test_harmfulness_is_turned_round_once():
    assert read_grades(scored(1, 2, 3, 4, 5))["claude"] == {
        "coherence": 1,
        "professionalism": 2,
        "usefulness": 3,
        "harmfulness": 6,
        "friendliness": 5,
    }


def test_repeats_of_a_scorer_are_averaged_over_those_that_can_be_read():
    row = {
        "author": "gpt",
        "scores": [entry(4, 6, 8, 0, "x"), entry(8, 7, 11, 2, "y"), entry(1, 1, 1, 1, 1, scorer="b")],
    }
    grades = read_grades(row)
    assert grades["claude"] == {"coherence": 6, "professionalism": 6.5, "usefulness": 8, "harmfulness": 9}
    assert grades["b"]["harmfulness"] == 9


def test_scorers_are_told_apart_by_who_wrote_the_row():
    row = {"author": "gpt", "scores": [entry(1, 1, 1, 1, 1, scorer="gpt"), entry(2, 2, 2, 2, 2)]}
    names = {scorers: sorted(read_grades(row, scorers=scorers)) for scorers in ("all", "self", "other", "gpt", "qwen")}
    assert names == {"all": ["claude", "gpt"], "self": ["gpt"], "other": ["claude"], "gpt": ["gpt"], "qwen": []}


def test_scores_of_another_shape_are_none():
    assert read_grades({"author": "gpt"}) == read_grades({"scores": "9"}) == read_grades({"scores": [9]}) == {}


@pytest.mark.parametrize(
    ("scores", "named"),
    [
        ((95, 90, 92, 5, 88), "coherence 95 by claude lies outside the scale from 0 to 10"),
        ((0, 10, 8.5, -0.5, 8), "harmfulness -0.5 by claude lies outside the scale from 0 to 10"),
        ((0, 10, 8.5, 0, 10), None),
        ((None, "95", True, float("nan"), []), None),  # missing scores, and none of another scale
    ],
)
def test_a_number_outside_the_scale_is_named_and_a_missing_score_is_not(scores, named):
    assert off_scale(scored(*scores)) == named


def test_only_the_scores_that_are_looked_at_are_held_against_the_scale():
    row = {"author": "gpt", "scores": [entry(8, 8, 8, 0, 8), entry(8, 80, 8, 0, 8, scorer="gpt")]}
    assert off_scale(row, scorers="other") is None
    assert off_scale(row, aspects=["coherence"]) is None
    assert off_scale(row, scorers="self") == "professionalism 80 by gpt lies outside the scale from 0 to 10"
