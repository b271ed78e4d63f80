"""Bars, radars and heat maps, drawn."""

import math
import struct
from dataclasses import replace

import pytest

from hypnos.report.figures.plots import grouped_bars, heat_map, line_plot, radar
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


def test_lines_of_one_name_share_a_colour_and_one_entry_of_the_legend(tmp_path, monkeypatch) -> None:
    import matplotlib.axes

    drawn = []
    original = matplotlib.axes.Axes.plot

    def plot(self, *points, **style):
        drawn.append((points, style["color"], style["label"], style["marker"]))
        return original(self, *points, **style)

    monkeypatch.setattr(matplotlib.axes.Axes, "plot", plot)
    lines = {"arm": [[(0, 2.0), (1, 1.0)], [(0, 3.0), (1, 2.0)]], "other": [[(0, 5.0)]]}
    line_plot(tmp_path / "lines.png", lines=lines, xlabel="step", ylabel="loss", title="t")
    assert [points for points, *_ in drawn] == [((0, 1), (2.0, 1.0)), ((0, 1), (3.0, 2.0)), ((0,), (5.0,))]
    assert drawn[0][1] == drawn[1][1] != drawn[2][1]
    assert [label for _, _, label, _ in drawn] == ["arm", None, "other"]
    assert [marker for *_, marker in drawn] == [None, None, "o"]  # a single point has no line to be seen by
    assert min(size(tmp_path / "lines.png")) > 300
