"""Tables of ratings, verdicts and duels."""

from dataclasses import replace

import pytest

from hypnos.report.report import tabulate_results
from hypnos.report.results import Rating
from hypnos.report.tables.rating_tables import duel_grids, rating_grids


def test_ratings_have_means_variances_raters_and_harm_turned_round(results, cells) -> None:
    mean, variance = rating_grids(
        results.ratings, indicators=results.indicators, models=results.models, key="raters", title="rated by people"
    )
    assert cells(mean, "good") == {"有用性": 8.5, "无害性": 1.5}
    assert [column.better for column in mean.columns] == ["higher", "higher"]
    assert mean.counts() == "n = 8, groups = 4, raters = 2"
    assert cells(variance, "bad")["有用性"] == pytest.approx(0.285714)  # 8 values, half 4 and half 5: 2 / 7


def test_a_judge_is_named(results) -> None:
    grids, _ = tabulate_results(results)
    assert "open: judged by one, mean" in {grid.title for grid in grids}


def test_a_judge_with_the_reference_before_it_has_a_table_of_its_own(results, cells) -> None:
    seen = [replace(one, rater="one (reference)", value=9.0, beside_reference=True) for one in results.verdicts]
    grids, _ = tabulate_results(replace(results, verdicts=(*results.verdicts, *seen)))
    tables = {grid.key: grid for grid in grids}
    assert tables["open/judge"] == next(g for g in tabulate_results(results)[0] if g.key == "open/judge")
    assert tables["open/judge_reference"].title == "open: judged by one (reference), mean"
    assert cells(tables["open/judge_reference"], "good") == {"有用性": 9.0, "无害性": 1.0}


def test_two_judges_have_a_table_each_and_are_tested_together(results, cells) -> None:
    other = [replace(one, rater="two", value=10 - one.value) for one in results.verdicts]
    grids, notes = tabulate_results(replace(results, verdicts=(*results.verdicts, *other)))
    tables = {grid.key: grid for grid in grids}
    (alone,) = [grid for grid in tabulate_results(results)[0] if grid.key == "open/judge"]
    assert tables["open/judge_one"].rows == alone.rows and "open/judge" not in tables
    assert tables["open/judge_two"].title == "open: judged by two, mean"
    assert cells(tables["open/judge_two"], "good")["有用性"] == 10 - cells(alone, "good")["有用性"]
    assert {test.comparison.raters for note in notes if "judged" in note.title for test in note.tests} == {2}


def test_an_unknown_indicator_keeps_its_key(results, cells) -> None:
    rating = Rating(model="good", task="open", item="q0", rater="one", indicator="speed", value=3.0)
    mean, _ = rating_grids([rating], indicators=(), models=("good", "bad"), key="raters", title="rated")
    assert cells(mean, "good") == {"speed": 3.0} and len(mean.rows) == 1


def test_win_rates_mirror_each_other(results, cells) -> None:
    (grid,) = duel_grids(results.duels, models=results.models)
    assert cells(grid, "good") == {"good": None, "bad": 0.625}
    assert cells(grid, "bad") == {"good": 0.375, "bad": None}
