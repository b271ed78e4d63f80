"""A scorer's leniency is told from the merit of what it saw, and from its liking for what it wrote."""

import random
from statistics import mean

import pytest

from hypnos.corpus.scores import ASPECTS
from hypnos.corpus.selection import Selection
from hypnos.curation.pairs.leniency import FEWEST, Leniency, measure_leniency


def entry(scorer, grade):
    return {"scorer": scorer, **dict.fromkeys(ASPECTS, grade), "harmfulness": 10 - grade}


def rows(count, *, leniency, liking, noise=0.3, authors=("a", "b")):
    rng = random.Random(0)
    for number in range(count):
        author = authors[number % len(authors)]
        merit = rng.uniform(3, 7) + (author == "a")  # a writes better, and nobody is lenient for that
        scores = [
            entry(scorer, merit + value + liking * (scorer == author) + rng.gauss(0, noise))
            for scorer, value in leniency.items()
        ]
        yield {"author": author, "scores": scores}


def test_leniency_and_self_preference_are_found_apart():
    seen = measure_leniency(rows(900, leniency={"a": 0.6, "b": -0.2, "c": -0.4}, liking=0.9), Selection())
    assert seen.by_scorer == pytest.approx({"a": 0.6, "b": -0.2, "c": -0.4}, abs=0.06)
    assert seen.self_preference == pytest.approx(0.9, abs=0.06)
    assert sum(seen.by_scorer.values()) == pytest.approx(0, abs=1e-3)


def test_two_scorers_give_the_mean_of_their_differences_on_both_authors_records():
    made = list(rows(60, leniency={"a": 0.5, "b": 0.0}, liking=0.4))
    gaps = {
        author: mean(r["scores"][0]["usefulness"] - r["scores"][1]["usefulness"] for r in made if r["author"] == author)
        for author in "ab"
    }
    seen = measure_leniency(made, Selection())
    assert seen.by_scorer["a"] - seen.by_scorer["b"] == pytest.approx(mean(gaps.values()), abs=1e-3)
    assert seen.self_preference == pytest.approx((gaps["a"] - gaps["b"]) / 2, abs=1e-3)


def test_few_records_tell_nothing_and_one_score_tells_none():
    made = list(rows(FEWEST - 1, leniency={"a": 1.0, "b": 0.0}, liking=0))
    single = [{"author": "a", "scores": row["scores"][:1]} for row in made]
    assert measure_leniency([*made, *single], Selection()) == Leniency(FEWEST - 1)
    assert Leniency(30, {"a": 0.5, "b": -0.5}).taken_off(["a", "b"]) == 0
