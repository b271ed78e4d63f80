"""Figures over all scores, held against those worked out by hand."""

import pytest

from hypnos.curation.score.statistics import Mean, ScoreStatistics


def test_self_preference_is_own_less_others_with_its_interval():
    statistics = ScoreStatistics(["coherence"])
    for own, other in ((9, 7), (8, 7), (9, 8), (10, 6)):
        statistics.add("one", [{"scorer": "one", "coherence": own}, {"scorer": "two", "coherence": other}])
    preference = statistics.plain()["self_preference"]
    # Differences 2, 1, 1, 4: mean 2, standard deviation sqrt(2), error sqrt(2) / 2.
    assert preference["own_records"]["one"]["coherence"] == {
        "n": 4,
        "mean": 2.0,
        "low": pytest.approx(2 - 1.96 * 2**0.5 / 2, abs=1e-4),
        "high": pytest.approx(2 + 1.96 * 2**0.5 / 2, abs=1e-4),
    }
    assert preference["records_of_others"]["two"]["coherence"]["mean"] == -2.0


def test_spread_between_repeats():
    statistics = ScoreStatistics(["coherence"])
    statistics.add("one", [{"scorer": "two", "coherence": v} for v in (6, 8, 10)])
    statistics.add("one", [{"scorer": "two", "coherence": v} for v in (7, 7, 7)])
    assert statistics.plain()["repeat_sd"]["two"]["coherence"]["mean"] == 1.0


def test_running_mean_equals_the_plain_one():
    values = [3.0, 5.0, 4.0, 8.0]
    mean = Mean()
    for value in values:
        mean.add(value)
    assert mean.mean == pytest.approx(5.0)
    assert mean.squares == pytest.approx(sum((v - 5) ** 2 for v in values))
