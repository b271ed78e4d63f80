"""Tables of a sweep: held-out text, forgetting, and what was kept."""

import json

import pytest
from scipy import stats

from hypnos.experiment.sweep.arms import Arm, read_arms
from hypnos.experiment.sweep.report import write_sweep_report
from hypnos.experiment.sweep.tables import read_cost


def test_means_over_seeds_and_the_test_against_the_reference(report):
    (held_out,) = [grid for grid in report.grids if grid.key == "held-out/last"]
    assert {label: cells[0].value for label, cells in held_out.rows} == pytest.approx(
        {"general_to_specific": 5.0, "mixed": 6.25}
    )
    (test,) = [note for note in report.notes if note.title.startswith("Held-out text")]
    (row,) = test.rows
    named = dict(zip(test.head, row, strict=True))
    assert named["arm"] == "mixed" and named["arm − general_to_specific"] == "1.250"
    assert named["by seed"] == "1: 1.000; 2: 1.500"
    # All records agree and two seeds do not: Student's t with one degree of freedom, at 1.25 of 0.25.
    assert float(named["p"]) == pytest.approx(2 * stats.t.sf(1.25 / 0.25, 1), abs=0.005)
    assert (named["groups"], named["n"]) == ("8", "8")
    low, high = map(float, named["95 % interval"].strip("[]").split(", "))
    assert high - low == pytest.approx(2 * 12.706 * 0.25, rel=0.02)


def test_what_a_stage_changed(report):
    (grid,) = [grid for grid in report.grids if grid.key == "stages/forgetting"]
    rows = dict(grid.rows)
    assert rows["mixed: anesthesia"][1].value == pytest.approx(-2.0)
    assert rows["mixed: vocabulary"][1] is None
    assert "seeds = 2" in grid.counts() and "raters" not in grid.counts()


def test_the_frontier_tells_what_is_kept(tmp_path, write_arm):
    place = tmp_path / "mine"
    for number, (threshold, kept) in enumerate(((5, 90), (9, 20))):
        for selection in ("cross", "random"):
            asked = (f"selection={selection}", f"selection.threshold={threshold}")
            write_arm(place, *asked, number=number, kept=kept, bits=5.0 + number)
    report = write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(place))
    (grid,) = [grid for grid in report.grids if grid.key == "selection/frontier"]
    assert {label: (cells[0].value, cells[1].value) for label, cells in grid.rows} == {
        "selection=cross, selection.threshold=5": (90, 0.9),
        "selection=random, selection.threshold=5": (90, 0.9),
        "selection=cross, selection.threshold=9": (20, 0.2),
        "selection=random, selection.threshold=9": (20, 0.2),
    }
    assert "frontier.png" in [figure.path.name for figure in report.figures]


def test_without_a_filter_there_is_no_frontier(tmp_path, write_arm):
    write_arm(tmp_path / "mine", "experiment=mixed", number=0, kept=100)
    report = write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(tmp_path / "mine"))
    assert not [grid for grid in report.grids if grid.key.startswith("selection")]


def test_the_cost_of_the_records_is_read_from_the_folder_of_the_filter(tmp_path):
    for name in ("free", "paid"):
        (tmp_path / name / "records").mkdir(parents=True)
    funnel = [{"notes": {"spend": {"a": {"usd": 1.5}, "b": {"usd": 0.25}}}}, {"notes": {}}]
    (tmp_path / "paid" / "funnel.json").write_text(json.dumps({"funnel": funnel}), "utf-8")
    paths = [tmp_path / "free" / "records", tmp_path / "paid" / "records", tmp_path / "paid"]
    arms = [
        Arm(folder=tmp_path, label="a", seed="1", overrides=(f"sources.anesthesia.path={path}",), state="finished")
        for path in paths
    ]
    costs = [read_cost(arm) for arm in arms]
    assert costs == [None, 1.75, 1.75]
