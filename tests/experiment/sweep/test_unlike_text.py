"""Held-out text of which models of unlike vocabularies read unlike parts: nothing else is compared."""

import json
from dataclasses import replace

import pytest

from hypnos.experiment.sweep.arms import read_arms
from hypnos.experiment.sweep.report import write_sweep_report
from hypnos.experiment.sweep.tables import forgetting_grid, held_out_grid, held_out_tests

BITS = 4.0
SET = "anesthesia"


def columns(**characters):
    """Every record in documents of these numbers of characters, at four bits each."""
    documents = [(name, count) for name, counts in characters.items() for count in counts]
    names = [name for name, _ in documents]
    counts = [count for _, count in documents]
    return {"records": names, "groups": names, "characters": counts, "bits": [BITS * count for count in counts]}


@pytest.fixture
def arms_of(tmp_path, write_arm):
    """Arms whose base and whose other models read text of their own."""

    def make(base, *others, totals=None):
        for number, after in enumerate(others):
            folder = write_arm(tmp_path / "mine", f"experiment=e{number}", "seed=1", number=number)
            content = base if after is None else {"models": {"base": base, "vocabulary": after, SET: after}}
            (folder / "records.json").write_text(json.dumps({SET: content}))
            if totals:
                rows = json.loads((folder / "results.json").read_text())
                for row in rows:
                    row["measures"][SET]["characters"] = totals[row["name"]]
                (folder / "results.json").write_text(json.dumps(rows))
        return {arm.label: [arm] for arm in read_arms(tmp_path / "mine")}

    return make


def values(grid):
    return {label: cells[0] and round(cells[0].value, 9) for label, cells in grid.rows}


def left_out(caplog):
    return [record.getMessage() for record in caplog.records if record.name.endswith("sweep.tables")]


def test_an_answer_that_is_cut_in_one_vocabulary_counts_for_none(arms_of, caplog):
    whole = columns(a=[1900], b=[900], c=[20])
    arms = arms_of(columns(a=[1400], b=[900], c=[20]), whole)
    assert set(values(forgetting_grid(arms, [SET])).values()) == {BITS}
    (line,) = left_out(caplog)
    assert f"{SET}: 1 of 3" in line
    caplog.clear()
    grid = held_out_grid(arms, [SET])
    assert set(values(grid).values()) == {BITS} and grid.rows[0][1][0].n == 3
    assert not left_out(caplog)  # the last models read the same


def test_a_record_that_one_vocabulary_leaves_no_room_for_is_left_out(arms_of, caplog, tmp_path):
    arms = arms_of(columns(b=[900], c=[20]), columns(a=[1900], b=[900], c=[20]))
    report = write_sweep_report(tmp_path / "report", name="mine", arms=[arm for same in arms.values() for arm in same])
    (grid,) = [grid for grid in report.grids if grid.key == "stages/forgetting"]
    assert set(values(grid).values()) == {BITS} and "1 of 3" in grid.note
    assert len(left_out(caplog)) == 1


def test_text_in_another_number_of_documents_is_compared(arms_of, caplog):
    arms = arms_of(columns(a=[500, 500, 400], b=[900]), columns(a=[700, 700], b=[900]))
    grid = forgetting_grid(arms, [SET])
    assert set(values(grid).values()) == {BITS} and grid.rows[0][1][0].n == 2
    assert not left_out(caplog)


def test_arms_of_unlike_vocabularies_are_compared_over_what_both_read(arms_of, caplog):
    whole, cut = columns(a=[1900], b=[900], c=[20]), columns(a=[1000], b=[900], c=[20])
    arms = arms_of(whole, whole, cut)
    assert set(values(held_out_grid(arms, [SET])).values()) == {BITS}
    assert "1 of 3" in left_out(caplog)[0]
    (test,) = held_out_tests(arms, [SET], next(iter(arms))).tests
    assert test.comparison.difference == pytest.approx(0) and test.comparison.n == 2


def test_a_base_that_reads_nothing_as_the_others_do_is_left_out_and_named(arms_of, caplog):
    arms = arms_of(columns(a=[10], b=[11]), columns(a=[12], b=[13]))
    assert list(values(forgetting_grid(arms, [SET])).values()) == [None, BITS, BITS]
    (line,) = left_out(caplog)
    assert "Models left out" in line and line.count("base") == 1


def test_arms_with_no_record_in_common_end_in_no_test(arms_of):
    whole = columns(a=[10])
    arms = arms_of(whole, whole, columns(a=[11]))
    assert set(values(held_out_grid(arms, [SET])).values()) == {None}
    assert held_out_tests(arms, [SET], next(iter(arms))) is None


def older(base, after):
    """The form in which the last model's text stood beside the bits of all."""
    return {**after, "bits": {"base": base["bits"], "vocabulary": after["bits"], SET: after["bits"]}}


@pytest.mark.parametrize(
    ("base", "characters", "known"),
    [
        (columns(a=[1900], c=[20]), 1920, True),
        (columns(a=[1400], c=[20]), 1420, False),  # a document shorter: which one is not said
        (columns(c=[20]), 20, False),
    ],
)
def test_an_older_file_is_right_for_models_that_read_the_same(arms_of, caplog, base, characters, known):
    after = columns(a=[1900], c=[20])
    arms = arms_of(older(base, after), None, totals={"base": characters, "vocabulary": 1920, SET: 1920})
    found = list(values(forgetting_grid(arms, [SET])).values())
    assert found == [BITS if known else None, BITS, BITS]
    assert bool(left_out(caplog)) is not known
    assert set(values(held_out_grid(arms, [SET])).values()) == {BITS}


def test_a_last_model_of_which_nothing_was_read_is_named(arms_of, caplog):
    whole = columns(a=[10], b=[20])
    arms = arms_of(whole, whole, columns())
    first, second = arms
    assert values(held_out_grid(arms, [SET])) == {first: BITS, second: None}
    assert f"{second}: {SET}" in left_out(caplog)[0]
    assert held_out_tests({**arms, first: [replace(arms[first][0])]}, [SET], second) is None
