"""Tables from results: which there are, and what stands in them."""

from dataclasses import replace

import pytest

from hypnos.report.report import tabulate_results
from hypnos.report.results import Rating
from hypnos.report.statistics.intervals_and_tests import Interval
from hypnos.report.tables.metric_tables import comparison_note, headline_metrics, label_of, slice_grids, task_grids
from hypnos.report.tables.rating_tables import duel_grids, rating_grids
from hypnos.report.tables.table import Column, Grid


def cells(grid: Grid, label: str) -> dict[str, float | None]:
    row = dict(grid.rows)[label]
    return {column.shown: cell and round(cell.value, 6) for column, cell in zip(grid.columns, row)}


def test_one_table_for_each_family_of_metrics(results) -> None:
    grids = {grid.key: grid for grid in task_grids(results, results.tasks[0])}
    assert list(grids) == ["open/characters", "open/characters_corpus", "open/safety", "open/answers"]
    assert cells(grids["open/characters"], "good") == {"ROUGE-L": 0.65}
    assert cells(grids["open/characters_corpus"], "bad") == {"BLEU-4": 0.2}
    assert cells(grids["open/safety"], "bad") == {"Any fault": 0.25}
    assert grids["open/characters"].counts() == "n = 4, groups = 4"


def test_questions_of_one_stem_are_one_group(results) -> None:
    grid = task_grids(results, results.tasks[1])[0]
    assert grid.counts() == "n = 6, groups = 3"


def test_accuracy_by_number_of_right_answers_and_by_stem(results) -> None:
    grids = {grid.key: grid for grid in slice_grids(results, results.tasks[1])}
    assert list(grids) == ["pick/by_answers", "pick/by_stem"]
    assert cells(grids["pick/by_answers"], "good") == {"one right answer": 0.8, "several right answers": 1.0}
    assert cells(grids["pick/by_stem"], "bad") == {"positive stem": 0.75, "negative stem": 0.0}
    assert "one right answer: n = 5" in grids["pick/by_answers"].counts()


def test_topics_and_levels(results) -> None:
    grids = {grid.key: grid for grid in slice_grids(results, results.tasks[0])}
    assert cells(grids["open/by_topic"], "good") == {"麻醉药理": 0.6, "气道管理": 0.7}
    assert cells(grids["open/by_level"], "bad") == {"level 1": 0.4, "level 2": 0.3}


def test_differences_are_tested_on_headline_metrics_and_corrected_together(results) -> None:
    note = comparison_note(results, results.tasks[0])
    assert [row[:4] for row in note.rows] == [("ROUGE-L", "good", "bad", "30.0"), ("Any fault", "good", "bad", "-25.0")]
    # Three of four questions differ, all one way: 2 of 8 swaps are as extreme.
    assert note.rows[0][5] == "0.250" and note.rows[0][7] == "0.500"
    assert "2 tests" in note.text


def test_one_model_is_compared_with_nobody(results) -> None:
    assert comparison_note(replace(results, models=("good",)), results.tasks[0]) is None


def test_ratings_have_means_variances_raters_and_harm_turned_round(results) -> None:
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


def test_a_judge_with_the_reference_before_it_has_a_table_of_its_own(results) -> None:
    seen = [replace(one, rater="one (reference)", value=9.0, beside_reference=True) for one in results.verdicts]
    grids, _ = tabulate_results(replace(results, verdicts=(*results.verdicts, *seen)))
    tables = {grid.key: grid for grid in grids}
    assert tables["open/judge"] == next(g for g in tabulate_results(results)[0] if g.key == "open/judge")
    assert tables["open/judge_reference"].title == "open: judged by one (reference), mean"
    assert cells(tables["open/judge_reference"], "good") == {"有用性": 9.0, "无害性": 1.0}


def test_an_unknown_indicator_keeps_its_key(results) -> None:
    rating = Rating(model="good", task="open", item="q0", rater="one", indicator="speed", value=3.0)
    mean, _ = rating_grids([rating], indicators=(), models=("good", "bad"), key="raters", title="rated")
    assert cells(mean, "good") == {"speed": 3.0} and len(mean.rows) == 1


def test_win_rates_mirror_each_other(results) -> None:
    (grid,) = duel_grids(results.duels, models=results.models)
    assert cells(grid, "good") == {"good": None, "bad": 0.625}
    assert cells(grid, "bad") == {"good": 0.375, "bad": None}


def test_a_model_that_skipped_a_task_has_no_row(results) -> None:
    fewer = replace(results, answers=tuple(a for a in results.answers if (a.model, a.task) != ("bad", "open")))
    assert [label for label, _ in task_grids(fewer, fewer.tasks[0])[0].rows] == ["good"]


def test_headlines_and_labels(results) -> None:
    assert [metric.name for metric in headline_metrics(results.tasks[0])] == ["rouge_l", "unsafe"]
    assert [label_of(metric) for metric in results.tasks[0].metrics[:2]] == ["ROUGE-L", "BLEU-4"]
    assert label_of(replace(results.tasks[0].metrics[0], label="")) == "rouge_l"


@pytest.mark.parametrize(
    ("better", "values", "best"),
    [
        ("higher", [0.5, 0.7], {"b"}),
        ("lower", [0.5, 0.7], {"a"}),
        ("neither", [0.5, 0.7], set()),
        ("higher", [0.5001, 0.5002], set()),  # the same as printed
        ("higher", [0.7, float("nan")], set()),
    ],
)
def test_the_best_is_the_best_as_printed(better, values, best) -> None:
    rows = tuple((label, (Interval(value, 0, 1, 1, 1),)) for label, value in zip("ab", values))
    grid = Grid(key="k", title="t", columns=(Column(name="m", better=better),), rows=rows)
    assert grid.best(0) == best
