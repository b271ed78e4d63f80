"""Arms on the benchmark: means over seeds and tests against the reference."""

from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.report import write_sweep_report
from hypnos.report.results import Answers, Metric, Question, Results, TaskQuestions


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
