"""Tables from results: which there are, and what stands in them."""

from dataclasses import replace

from hypnos.report.tables.metric_tables import (
    comparison_note,
    headline_metrics,
    label_of,
    model_tests,
    slice_grids,
    task_grids,
)


def test_one_table_for_each_family_of_metrics(results, cells) -> None:
    grids = {grid.key: grid for grid in task_grids(results, results.tasks[0])}
    assert list(grids) == ["open/characters", "open/characters_corpus", "open/safety", "open/answers"]
    assert cells(grids["open/characters"], "good") == {"ROUGE-L": 0.65}
    assert cells(grids["open/characters_corpus"], "bad") == {"BLEU-4": 0.2}
    assert cells(grids["open/safety"], "bad") == {"Any fault": 0.25}
    assert grids["open/characters"].counts() == "n = 4, groups = 4"


def test_questions_of_one_stem_are_one_group(results) -> None:
    grid = task_grids(results, results.tasks[1])[0]
    assert grid.counts() == "n = 6, groups = 3"


def test_accuracy_by_number_of_right_answers_and_by_stem(results, cells) -> None:
    grids = {grid.key: grid for grid in slice_grids(results, results.tasks[1])}
    assert list(grids) == ["pick/by_answers", "pick/by_stem"]
    assert cells(grids["pick/by_answers"], "good") == {"one right answer": 0.8, "several right answers": 1.0}
    assert cells(grids["pick/by_stem"], "bad") == {"positive stem": 0.75, "negative stem": 0.0}
    assert "one right answer: n = 5" in grids["pick/by_answers"].counts()


def test_topics_and_levels(results, cells) -> None:
    grids = {grid.key: grid for grid in slice_grids(results, results.tasks[0])}
    assert cells(grids["open/by_topic"], "good") == {"麻醉药理": 0.6, "气道管理": 0.7}
    assert cells(grids["open/by_level"], "bad") == {"level 1": 0.4, "level 2": 0.3}


def test_differences_are_tested_on_headline_metrics_and_corrected_together(results) -> None:
    note = comparison_note(results.tasks[0], model_tests(results, results.tasks[0]))
    assert [row[:4] for row in note.rows] == [("ROUGE-L", "good", "bad", "30.0"), ("Any fault", "good", "bad", "-25.0")]
    # Four questions: of 8 swaps at most, no result could ever be below 0.05.
    assert note.rows[0][5:7] == ("not testable", "not testable")
    assert "Holm's correction over the tests of each metric" in note.text


def test_one_model_is_compared_with_nobody(results) -> None:
    alone = replace(results, models=("good",))
    assert comparison_note(results.tasks[0], model_tests(alone, results.tasks[0])) is None


def test_a_model_that_skipped_a_task_has_no_row(results) -> None:
    fewer = replace(results, answers=tuple(a for a in results.answers if (a.model, a.task) != ("bad", "open")))
    assert [label for label, _ in task_grids(fewer, fewer.tasks[0])[0].rows] == ["good"]


def test_headlines_and_labels(results) -> None:
    assert [metric.name for metric in headline_metrics(results.tasks[0])] == ["rouge_l", "unsafe"]
    assert [label_of(metric) for metric in results.tasks[0].metrics[:2]] == ["ROUGE-L", "BLEU-4"]
    assert label_of(replace(results.tasks[0].metrics[0], label="")) == "rouge_l"
