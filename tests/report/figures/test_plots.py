"""Figures: that they are drawn, and from what."""

import math
import struct
from dataclasses import replace

import pytest

from hypnos.report.figures import fonts
from hypnos.report.figures.figures import draw_figures
from hypnos.report.figures.plots import grouped_bars, heat_map, radar
from hypnos.report.report import tabulate_results


def size(path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    return struct.unpack(">II", content[16:24])


def test_bars_with_a_missing_value_and_whiskers(tmp_path) -> None:
    path = tmp_path / "bars.png"
    bars = {"a": [50.0, math.nan], "b": [40.0, 30.0]}
    ends = {"a": [(45.0, 55.0), (math.nan, math.nan)], "b": [(math.nan, math.nan), (20.0, 40.0)]}
    grouped_bars(path, groups=["x", "y"], bars=bars, ends=ends, ylabel="percent", title="t")
    assert min(size(path)) > 300


def test_a_radar(tmp_path) -> None:
    radar(tmp_path / "radar.png", spokes=["x", "y", "z"], series={"a": [1, 2, 3]}, title="t", top=10.0)
    assert min(size(tmp_path / "radar.png")) > 300


@pytest.mark.filterwarnings("error:Glyph")
def test_no_box_stands_for_a_character_where_no_font_has_it(results, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    monkeypatch.setattr("hypnos.report.figures.plots.chinese_font", lambda: None)
    from matplotlib import rcParams

    monkeypatch.setitem(rcParams, "font.family", ["DejaVu Sans"])
    grids, _ = tabulate_results(results)
    drawn = list(draw_figures(tmp_path, results, grids))
    assert {figure.path.name for figure in drawn} >= {"open_topics.png", "open_raters.png", "open_headline.png"}
    assert fonts.readable("模型", 1) == "model 2" and fonts.readable("model") == "model"


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


def test_the_heat_map_grows_with_its_topics(results, tmp_path) -> None:
    grids, _ = tabulate_results(results)
    grid = next(grid for grid in grids if grid.key == "open/by_topic")
    heat_map(tmp_path / "heat.png", grid, names=["drugs", "airway"])
    assert size(tmp_path / "heat.png")[0] > 400


@pytest.mark.parametrize(
    "title",
    [
        "Accuracy by topic of the ward's own questions",
        "本院题库（二〇二六年春季住院医师规范化培训结业考核）：按主题的准确率与置信区间",
    ],
)
def test_a_title_longer_than_its_few_columns_is_not_cut(results, tmp_path, title) -> None:
    from matplotlib.image import imread

    grids, _ = tabulate_results(results)
    grid = next(grid for grid in grids if grid.key == "open/by_topic")
    few = replace(grid, title=title, columns=grid.columns[:1], rows=tuple((name, row[:1]) for name, row in grid.rows))
    heat_map(tmp_path / "heat.png", few, names=["drugs"])
    pixels = imread(tmp_path / "heat.png")
    assert pixels.min() < 0.5 and (pixels[:, [0, -1]] == 1).all()  # nothing is drawn at either edge
