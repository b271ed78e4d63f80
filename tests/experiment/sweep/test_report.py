"""A sweep's report from folders as train.py leaves them, written by hand."""

import json
import re
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.experiment.sweep.arm_scores import read_scores, write_scores
from hypnos.experiment.sweep.arms import find_sweep, read_arms
from hypnos.experiment.sweep.compare import compare_arms
from hypnos.experiment.sweep.figures import read_curve
from hypnos.experiment.sweep.report import choose_reference, write_sweep_report
from hypnos.report.results import Answers, Metric, Question, Results, TaskQuestions
from hypnos.report.wandb.report import WandbReport

RECORDS = [f"anesthesia/r{at}" for at in range(8)]
CHARACTERS = [10, 20, 30, 40, 10, 20, 30, 40]


def write_arm(
    sweep: Path,
    *overrides: str,
    number: int,
    bits: float = 5.0,
    heldout: str = "k",
    kept: int = 80,
    state: str = "finished",
) -> Path:
    """An arm that needs `bits` per character on every record, and two more before its stage."""
    folder = sweep / "__".join(overrides)
    (folder / ".hydra").mkdir(parents=True)
    asked = ["sweep=mine", "paths.artefacts=elsewhere", "model.recipe.pieces=2000", *overrides]
    (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {one}\n" for one in asked))
    (folder / ".hydra" / "hydra.yaml").write_text(f"hydra:\n  job:\n    num: {number}\n")
    if state == "failed":
        (folder / "failed.json").write_text(json.dumps({"error": "tuning.lr -1 must be above 0"}))
    if state != "finished":
        return folder
    bits_of = {"base": 9.0, "vocabulary": bits + 2, "anesthesia": bits}
    measure = {"tokens": 100, "characters": 200, "loss": 1.0, "tokens_per_char": 0.5}
    rows = [
        {"name": name, "directory": f"m/{name}", "measures": {"anesthesia": {**measure, "bits_per_char": value}}}
        for name, value in bits_of.items()
    ]
    told = {"records": kept, "unselected": {"below_threshold": 100 - kept}}
    stage = {
        "name": "anesthesia",
        "key": f"{folder.name}",
        "seconds": 36.0,
        "steps": 4,
        "device": "cpu",
        "processes": 2,
        "directory": "m/anesthesia",
        "data": {"sources": {"anesthesia": told}, "epoch": {"learnt_tokens": 999, "rows": 3, "steps": 2}},
    }
    arm = {"key": {"heldout": {"anesthesia": heldout}}, "seed": 1, "stages": [stage]}
    # One record in two documents: its bits and characters add up.
    records = {
        "records": [*RECORDS, RECORDS[0]],
        "groups": [*[f"g{at}" for at in range(8)], "g0"],
        "characters": [*CHARACTERS, 5],
        "bits": {name: [value * c for c in (*CHARACTERS, 5)] for name, value in bits_of.items()},
    }
    (folder / "results.json").write_text(json.dumps(rows))
    (folder / "arm.json").write_text(json.dumps(arm))
    (folder / "records.json").write_text(json.dumps({"anesthesia": records}))
    (folder / "anesthesia").mkdir()
    (folder / "anesthesia" / "metrics-1.csv").write_text("step,train/loss\n0,9.0\n1,8.5\n")
    (folder / "anesthesia" / "metrics.csv").write_text("step,train/loss\n1,8.0\n2,\n3,7.0\n")
    return folder


@pytest.fixture
def sweep(tmp_path) -> Path:
    place = tmp_path / "outputs" / "sweeps" / "mine"
    write_arm(place, "experiment=mixed", "seed=1", number=2, bits=6.0)
    write_arm(place, "experiment=mixed", "seed=2", number=3, bits=6.5)
    write_arm(place, "experiment=general_to_specific", "seed=1", number=0, bits=5.0)
    write_arm(place, "experiment=general_to_specific", "seed=2", number=1, bits=5.0)
    write_arm(place, "experiment=specific_only", "seed=1", number=4, state="failed")
    write_arm(place, "experiment=general_only", "seed=1", number=5, state="unfinished")
    return place


@pytest.fixture
def report(sweep, tmp_path):
    return write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(sweep), dollars_per_hour=2.0)


def test_arms_are_named_by_what_differs_and_stand_in_the_order_of_the_sweep(sweep):
    arms = read_arms(sweep)
    assert [(arm.label, arm.seed, arm.state) for arm in arms] == [
        ("general_to_specific", "1", "finished"),
        ("general_to_specific", "2", "finished"),
        ("mixed", "1", "finished"),
        ("mixed", "2", "finished"),
        ("specific_only", "1", "failed"),
        ("general_only", "1", "unfinished"),
    ]
    assert arms[0].texts["anesthesia"].characters["anesthesia/r0"] == 15
    assert arms[0].texts["anesthesia"].bits["anesthesia"]["anesthesia/r0"] == pytest.approx(75.0)


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
    assert (named["p"], named["groups"], named["n"]) == ("0.008", "8", "8")  # 2 of 2^8 swaps
    assert named["95 % interval"] == "[1.000, 1.500]"  # all records agree, seeds do not


def test_what_a_stage_changed(report):
    (grid,) = [grid for grid in report.grids if grid.key == "stages/forgetting"]
    rows = dict(grid.rows)
    assert rows["mixed: anesthesia"][1].value == pytest.approx(-2.0)
    assert rows["mixed: vocabulary"][1] is None
    assert "seeds = 2" in grid.counts() and "raters" not in grid.counts()


def test_failed_and_unfinished_arms_are_shown(report):
    text = (report.directory / "report.md").read_text("utf-8")
    for found in (text, report.page.read_text("utf-8"), (report.directory / "report.csv").read_text("utf-8-sig")):
        assert "tuning.lr -1 must be above 0".replace("_", "") in found.replace("\\", "")
        assert "unfinished" in found and "specific" in found


def test_hours_and_dollars_count_every_device(report):
    (hours,) = [note for note in report.notes if note.title == "Time"]
    assert hours.rows[0][4:] == ("0.020", "0.04")  # 36 s on two devices
    assert hours.rows[-1][4:] == ("0.080", "0.16")


def test_the_frontier_tells_what_is_kept(tmp_path):
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


def test_without_a_filter_there_is_no_frontier(tmp_path):
    write_arm(tmp_path / "mine", "experiment=mixed", number=0, kept=100)
    report = write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(tmp_path / "mine"))
    assert not [grid for grid in report.grids if grid.key.startswith("selection")]


def test_the_files_are_whole_and_the_same_each_time(report, sweep, tmp_path):
    names = {file.name for file in report.directory.iterdir()}
    assert {"report.md", "report.tex", "report.csv", "numbers.csv", "report.html"} <= names
    assert {"held_out.png", "stages.png", "curve_anesthesia_train_loss.png"} <= names
    again = write_sweep_report(tmp_path / "again", name="mine", arms=read_arms(sweep), dollars_per_hour=2.0)
    for name in names:
        assert (again.directory / name).read_bytes() == (report.directory / name).read_bytes(), name
    page = report.page.read_text("utf-8")
    assert not re.search(r"https?://|@import|url\(", page)
    assert page.count("data:image/png;base64,") == len(report.figures)


def test_a_curve_is_joined_over_a_stop(sweep):
    folder = sweep / "experiment=mixed__seed=1" / "anesthesia"
    assert read_curve(folder, "train/loss") == [(0.0, 9.0), (1.0, 8.0), (3.0, 7.0)]
    assert read_curve(folder, "val/bits_per_char") == []


def test_a_sweep_of_failures_alone_still_has_a_report(tmp_path):
    write_arm(tmp_path / "mine", "experiment=mixed", number=0, state="failed")
    report = write_sweep_report(tmp_path / "report", name="mine", arms=read_arms(tmp_path / "mine"))
    assert report.grids == () and report.notes[0].rows[0][2] == "failed"


def test_a_sweep_is_found_by_name_or_folder(sweep, tmp_path):
    assert find_sweep("mine", tmp_path / "outputs") == sweep
    assert find_sweep(str(sweep), tmp_path) == sweep


def test_bad_input_is_one_line(sweep, tmp_path):
    with pytest.raises(UserError, match=r"no sweep 'yours' \(below .*: mine\)"):
        find_sweep("yours", tmp_path / "outputs")
    (tmp_path / "outputs" / "sweeps" / "empty").mkdir()
    with pytest.raises(UserError, match="empty holds no sweep"):
        find_sweep("empty", tmp_path / "outputs")
    with pytest.raises(UserError, match=r"no finished arm 'specific_only' \(there are: general_to_specific, mixed\)"):
        choose_reference(read_arms(sweep), "specific_only")
    write_arm(sweep, "experiment=replay", "seed=1", number=9, heldout="other")
    with pytest.raises(UserError, match=r"cannot be compared: the held-out text of anesthesia is not the same"):
        read_arms(sweep)


@pytest.mark.slow
def test_the_page_in_chromium_has_its_tables_and_figures(report, chromium):
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(report.page.as_uri())
    assert page.locator("#tables table tbody tr").count() == 2
    assert page.locator("#figures img").count() == len(report.figures)
    assert page.get_by_role("heading", name="Arms", exact=True).count() == 1
    assert page.get_by_role("link").all_inner_texts() == ["Tables", "Figures", "Tests and notes"]  # and no answers
    assert page.get_by_text("tuning.lr -1 must be above 0").count() == 1
    assert faults == []
    page.close()


def test_arms_on_the_benchmark_are_compared_over_seeds(sweep, tmp_path):
    questions = tuple(Question(id=f"q{at}", question="问", references=("A",)) for at in range(7))
    metric = Metric(name="accuracy", label="Accuracy", signature="s", family="choice", headline=True)
    task = TaskQuestions(name="pick", kind="choice", questions=questions, metrics=(metric,), title="AneCQ")
    arms = read_arms(sweep)
    right = {"general_to_specific": 1.0, "mixed": 0.0}
    answers = tuple(
        Answers(model=arm.folder.name, task="pick", texts=("A",) * 7, scores={"accuracy": [right[arm.label]] * 7})
        for arm in arms
        if arm.state == "finished"
    )
    scores = Results(title="t", models=tuple(a.model for a in answers), tasks=(task,), answers=answers)
    report = write_sweep_report(tmp_path / "report", name="mine", arms=arms, scores=scores)
    (grid,) = [grid for grid in report.grids if grid.key == "benchmark/pick"]
    assert {label: cells[0].value for label, cells in grid.rows} == {"general_to_specific": 1.0, "mixed": 0.0}
    (test,) = [note for note in report.notes if note.title.startswith("AneCQ")]
    assert test.rows[0][:3] == ("Accuracy", "mixed", "-100.0")
    assert test.rows[0][4] == "0.016"  # 2 of 2^7 swaps


def scored(sweep: Path, label: str, seed: str, *, version: str = "v", signature: str = "s", value: float = 1.0) -> None:
    """Leave in one arm's folder what its job would have written."""
    (arm,) = [arm for arm in read_arms(sweep) if (arm.label, arm.seed) == (label, seed)]
    questions = tuple(Question(id=f"q{at}", question="问", references=("A",), group=f"g{at // 2}") for at in range(8))
    metric = Metric(name="accuracy", signature=signature, family="choice", headline=True)
    task = TaskQuestions(name="pick", kind="choice", questions=questions, metrics=(metric,), version=version)
    answers = Answers(model="m", task="pick", texts=("A",) * 8, scores={"accuracy": [value] * 7 + [None]})
    write_scores(arm.folder, key="k", model=Path("m"), measured=[(task, answers)])


def test_what_arms_answered_when_they_ran_is_read_from_their_folders(sweep, tmp_path):
    assert read_scores(read_arms(sweep)) is None
    for seed, value in (("1", 1.0), ("2", 0.5)):
        scored(sweep, "general_to_specific", seed, value=value)
    arms = read_arms(sweep)
    told = json.loads((arms[0].folder / "benchmark.json").read_text("utf-8"))
    assert told["tasks"] == {"pick": {"version": "v", "questions": 8, "scores": {"accuracy": 1.0}}}
    found = write_sweep_report(tmp_path / "report", name="mine", arms=arms, scores=read_scores(arms))
    (grid,) = [grid for grid in found.grids if grid.key == "benchmark/pick"]
    assert [column.label for column in grid.columns] == ["Accuracy"]  # which stands in no file
    values = {label: cells[0] and cells[0].value for label, cells in grid.rows}
    assert values == {"general_to_specific": 0.75, "mixed": None}  # which took no part
    scored(sweep, "mixed", "1", version="w")
    with pytest.raises(UserError, match="the questions of pick are not the same"):
        read_scores(read_arms(sweep))
    scored(sweep, "mixed", "1", signature="t")
    with pytest.raises(UserError, match="accuracy of pick was measured in another way"):
        read_scores(read_arms(sweep))


def test_arms_that_have_yet_to_start_are_listed(sweep, tmp_path):
    asked = ["sweep=mine", "paths.artefacts=elsewhere", "model.recipe.pieces=2000"]
    started = read_arms(sweep)
    planned = [[*asked, "experiment=general_to_specific", "seed=9"], [*asked, "experiment=replay", "seed=1"]]
    arms = read_arms(sweep, planned)
    assert arms[: len(started)] == started
    assert [(arm.label, arm.seed, arm.state) for arm in arms[len(started) :]] == [
        ("general_to_specific", "9", "not started"),
        ("replay", "1", "not started"),
    ]
    report = write_sweep_report(tmp_path / "report", name="mine", arms=arms)
    (note,) = [note for note in report.notes if note.title == "Arms"]
    assert sum(row[2] == "not started" for row in note.rows) == 2


def test_a_sweep_goes_to_wandb_only_on_request_and_into_the_group_of_its_runs(sweep, compose, recorded_runs):
    def build(node, **given):
        return WandbReport(**{key: value for key, value in node.items() if key != "_target_"}, **given)

    asked = [f"compare.sweep={sweep}", "compare.reference=mixed"]
    compare_arms(compose("evaluate", asked), build=build)
    assert not recorded_runs
    compare_arms(compose("evaluate", [*asked, "publish=report"]), build=build)
    (run,) = recorded_runs
    told = {name: run.asked[name] for name in ("group", "job_type", "mode")}
    assert told == {"group": "mine", "job_type": "sweep", "mode": "offline"}
    (frontier,) = run.values("frontier")
    kinds = [(row[0], row[3]) for row in frontier.table.data]
    assert frontier.table.columns[:4] == ["selection", "arm", "kept", "kept_share"]
    assert kinds == [("general_to_specific", 0.8), ("mixed", 0.8)]
    assert run.summary["held-out/last/anesthesia_bits_per_char/general_to_specific"] == pytest.approx(5.0)
    failed = next(row for row in run.values("notes/Arms")[0].data if row[2] == "failed")
    assert "tuning.lr -1" in failed[3]
    assert {"figures/held_out", "figures/stages"} <= run.logged[0].keys()
    assert "report.html" in run.made[0].manifest.entries
