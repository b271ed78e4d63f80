"""Figures of a funnel: what reaches the axes."""

import math

import matplotlib.axes
import pytest

from hypnos.report.figures.funnel_plot import funnel_bars, threshold_curve


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of every call of matplotlib's that a test watches, by its name."""
    calls = {"barh": [], "plot": []}
    for name, record_to in calls.items():
        original = getattr(matplotlib.axes.Axes, name)

        def record(self, *arguments, original=original, record_to=record_to, **options):
            record_to.append((arguments, options))
            return original(self, *arguments, **options)

        monkeypatch.setattr(matplotlib.axes.Axes, name, record)
    return calls


def test_a_step_is_a_bar_of_what_it_kept_and_then_of_each_reason(tmp_path, drawn):
    funnel = [
        {"step": "clean", "out": 6, "rejected": {"short": 3, "loop": 1}},
        {"step": "select", "out": 4, "rejected": {"low": 2}},
    ]
    funnel_bars(tmp_path / "funnel.png", funnel)
    bars = {options["label"]: (list(values), options.get("left")) for (_, values), options in drawn["barh"]}
    assert bars == {
        "kept": ([6, 4], None),
        "loop": ([1, 0], [6, 4]),
        "short": ([3, 0], [7, 4]),
        "low": ([0, 2], [10, 4]),
    }
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")


def test_the_cost_is_drawn_only_where_anything_was_paid(tmp_path, drawn):
    curve = [
        {"threshold": 7.0, "kept": 2, "usd_per_record": 0.0},
        {"threshold": 9.0, "kept": 0, "usd_per_record": None},
    ]
    threshold_curve(tmp_path / "free.png", curve, chosen=7.0)
    ((kept, _),) = drawn["plot"]
    assert kept == ([7.0, 9.0], [2, 0])
    curve[0]["usd_per_record"] = 0.3
    threshold_curve(tmp_path / "paid.png", curve, chosen=7.0)
    (_, _, ((thresholds, dollars), _)) = drawn["plot"]
    assert (thresholds, dollars[0]) == ([7.0, 9.0], 0.3) and math.isnan(dollars[1])
