"""Which figures a report gets, and from what."""

from dataclasses import replace

import pytest

from hypnos.report.figures import fonts
from hypnos.report.figures.figures import draw_figures
from hypnos.report.report import tabulate_results


@pytest.mark.filterwarnings("error:Glyph")
def test_no_box_stands_for_a_character_where_no_font_has_it(results, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    monkeypatch.setattr("hypnos.report.figures.plots.chinese_font", lambda: None)
    from matplotlib import rcParams

    monkeypatch.setitem(rcParams, "font.family", ["DejaVu Sans"])
    grids, _ = tabulate_results(results)
    drawn = list(draw_figures(tmp_path, results, grids))
    assert {figure.path.name for figure in drawn} >= {"open_topics.png", "open_raters.png", "open_headline.png"}


@pytest.mark.filterwarnings("error:Glyph")
def test_where_no_font_is_there_figures_say_the_name_of_the_task_and_number_the_topics(results, tmp_path, monkeypatch):
    import matplotlib.axes
    import matplotlib.figure

    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    monkeypatch.setattr("hypnos.report.figures.plots.chinese_font", lambda: None)
    monkeypatch.setitem(__import__("matplotlib").rcParams, "font.family", ["DejaVu Sans"])
    titles, ticks = [], []
    for owner, name, kept in (
        (matplotlib.figure.Figure, "suptitle", titles),
        (matplotlib.axes.Axes, "set_title", titles),
        (matplotlib.axes.Axes, "set_xticks", ticks),
    ):
        original = getattr(owner, name)

        def note(self, *given, _original=original, _kept=kept, **more):
            _kept.append(given[-1])
            return _original(self, *given, **more)

        monkeypatch.setattr(owner, name, note)
    chinese = {"drugs": "药理", "airway": "气道"}
    tasks = tuple(
        replace(
            task,
            title="麻醉",
            questions=tuple(replace(one, topic=chinese.get(one.topic, one.topic)) for one in task.questions),
        )
        for task in results.tasks
    )
    named = replace(results, tasks=tasks, topics={})
    drawn = list(draw_figures(tmp_path, named, tabulate_results(named)[0]))
    assert {"open", "pick"} <= {title.partition(":")[0] for title in titles} <= {"open", "pick", "All tasks, percent"}
    assert ["topic 1", "topic 2"] in ticks and not any("model 1" in title for title in titles)
    assert any(figure.title.startswith("麻醉: ") for figure in drawn)  # which the report writes beside it


def test_what_one_model_was_not_asked_is_no_spoke_of_the_radar(results, tmp_path, monkeypatch) -> None:
    drawn = {}
    monkeypatch.setattr("hypnos.report.figures.figures.radar", lambda path, **given: drawn.update({path.name: given}))
    tasks = [
        replace(task, metrics=[replace(metric, headline=True) for metric in task.metrics]) for task in results.tasks
    ]
    whole = replace(results, tasks=tuple(tasks))
    list(draw_figures(tmp_path, whole, tabulate_results(whole)[0]))
    assert len(drawn["radar.png"]["spokes"]) == 3
    first, *others = whole.answers
    gone = next(iter(first.scores))
    for scores in ({gone: [None] * len(first.texts)}, {}):
        unasked = replace(first, scores={**{k: v for k, v in first.scores.items() if k != gone}, **scores})
        less = replace(whole, answers=(unasked, *others))
        drawn.clear()
        list(draw_figures(tmp_path, less, tabulate_results(less)[0]))
        assert "radar.png" not in drawn  # two spokes are left, which make no radar


def test_an_indicator_that_one_model_was_not_rated_on_is_no_spoke_of_the_radar(results, tmp_path, monkeypatch) -> None:
    drawn = {}
    monkeypatch.setattr("hypnos.report.figures.figures.radar", lambda path, **given: drawn.update({path.name: given}))
    grids = list(tabulate_results(results)[0])
    number, grid = next((n, grid) for n, grid in enumerate(grids) if grid.key.endswith("/raters"))
    columns = grid.columns * 2
    (label, cells), (other, more) = grid.rows
    rows = ((label, [None, *cells[1:], *cells]), (other, [*more, *more]))
    grids[number] = replace(
        grid, columns=[replace(one, name=str(n), label=str(n)) for n, one in enumerate(columns)], rows=rows
    )
    list(draw_figures(tmp_path, results, grids))
    (name,) = (name for name in drawn if name.endswith("raters_radar.png"))
    assert drawn[name]["spokes"] == ["1", "2", "3"]
    assert {len(values) for values in drawn[name]["series"].values()} == {3}
