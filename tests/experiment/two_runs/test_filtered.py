"""Two runs of filter.py: what was kept, and the grades of records that both scored."""

import json

import pytest

from hypnos.errors import UserError
from hypnos.experiment.two_runs.filtered import compare_filtered, funnel_counts
from hypnos.experiment.two_runs.folder import read_finished_run

HIGH, LOW = (9, 8, 9, 7, 9, 8, 9, 9), (6, 6, 5, 7, 6, 4, 7, 6)


@pytest.fixture
def filtered(start_run, tmp_path):
    def make(name, grades, *, kept, scorer="judge"):
        folder = start_run(name, "filter", {"name": name})
        made = tmp_path / "artefacts" / f"instructions-{name}"
        (made / "records").mkdir(parents=True)
        for file in ("kept.jsonl", "rejected.jsonl"):
            rows = [
                {"id": f"r{at}", "instruction": "问", "output": "答", "author": "x", "group": f"g{at}"}
                | {"scores": [{"scorer": scorer, "usefulness": grade, "harmfulness": 10 - grade}]}
                for at, grade in enumerate(grades)
                if (at < kept) == (file == "kept.jsonl")
            ]
            (made / "records" / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
        step = {"step": "select", "in": len(grades), "out": kept, "rejected": {"below_threshold": len(grades) - kept}}
        (made / "funnel.json").write_text(json.dumps({"funnel": [step | {"notes": {}}]}))
        # As filter.py writes it with the default paths: from where it was started.
        (folder / "outcome.json").write_text(json.dumps({"directory": f"artefacts/{made.name}"}))
        return read_finished_run(folder, name)

    return make


def test_records_and_grades_side_by_side(filtered, flipped):
    first, second = filtered("a", HIGH, kept=6), filtered("b", LOW, kept=3)
    assert funnel_counts(first) == {
        "instructions: key": "a",
        "select: in": 8,
        "select: kept": 6,
        "select: below_threshold": 2,
    }
    _, (records, scores), remarks = compare_filtered(first, second)
    assert [count for _, count in records.rows] == ["3", "3", "0"] and not remarks
    tests = {test.measure: test.comparison for test in scores.tests}
    assert tests.keys() == {"usefulness", "harmfulness"}
    expected = flipped([a - b for a, b in zip(HIGH, LOW)])
    for test in tests.values():  # less harm is more, too
        assert test.difference == pytest.approx(sum(HIGH) / 8 - sum(LOW) / 8)
        assert test.p == pytest.approx(expected) and test.adjusted == pytest.approx(2 * expected)


def test_scores_by_others_are_no_pair(filtered):
    first, second = filtered("a", HIGH, kept=6), filtered("b", LOW, kept=6, scorer="another")
    _, notes, remarks = compare_filtered(first, second)
    assert len(notes) == 1 and remarks == ["scores: no record was scored by one scorer in both runs"]


def test_records_that_are_gone_are_one_line(filtered, tmp_path):
    run = filtered("a", HIGH, kept=6)
    (tmp_path / "artefacts/instructions-a/funnel.json").unlink()
    with pytest.raises(UserError, match="its records are gone"):
        compare_filtered(run, run)
