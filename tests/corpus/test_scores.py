from hypnos.corpus.scores import ASPECTS, read_grades


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
