"""A sweep's report at W&B: its threshold frontier is a chart."""

from hypnos.experiment.sweep.publish import publish_sweep
from hypnos.report.report import Report
from hypnos.report.statistics.intervals import Interval
from hypnos.report.tables.table import Column, Grid
from hypnos.report.wandb.report import WandbReport


def test_a_sweep_shows_its_frontier_with_the_random_control_as_a_line_of_its_own(recorded_runs, tmp_path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    for name in ("report.md", "report.tex", "report.csv", "numbers.csv", "tests.csv", "report.html"):
        (folder / name).write_text(name)

    def cell(value: float) -> Interval:
        return Interval(value, value, value, 1, 1)

    columns = (
        Column(name="kept_share", label="", better="neither"),
        Column(name="anesthesia_bits_per_char", label="", better="lower"),
    )
    rows = tuple(
        (f"selection={kind}, selection.threshold={at}", (cell(share), cell(bits)))
        for kind, at, share, bits in (
            ("cross", 5, 0.9, 4.0),
            ("cross", 8, 0.4, 3.5),
            ("random", 5, 0.9, 4.0),
            ("random", 8, 0.4, 4.5),
        )
    )
    grid = Grid(key="selection/frontier", title="What is kept", columns=columns, rows=rows, corner="arm", note="")
    report = Report(directory=folder, grids=(grid,), notes=(), figures=())
    publish_sweep(WandbReport(project="hypnos", save_dir=str(tmp_path / "w")), report, name="threshold", models={})
    (run,) = recorded_runs
    assert (run.asked["group"], run.asked["job_type"]) == ("threshold", "sweep")
    (chart,) = run.values("frontier")
    names = chart.table.columns
    lines = {}
    for row in chart.table.data:
        told = dict(zip(names, row))
        lines.setdefault(told["selection"], []).append((told["kept_share"], told["anesthesia_bits_per_char"]))
    assert lines == {"selection=cross": [(0.9, 4.0), (0.4, 3.5)], "selection=random": [(0.9, 4.0), (0.4, 4.5)]}
    assert chart.spec.fields == {"x": "kept_share", "y": "anesthesia_bits_per_char", "stroke": "selection"}
    assert run.summary["selection/frontier/anesthesia_bits_per_char/selection=random, selection.threshold=8"] == 4.5
    assert "report.html" in run.made[0].manifest.entries
