"""What a step is unless it says otherwise."""

from pathlib import Path

import pytest

from hypnos.curation.pipeline.step import Step


class Plain(Step):
    name = "plain"

    def key(self):
        return {}

    def run(self, rows, reject):
        yield from rows


def test_a_step_notes_plans_and_selects_nothing_and_has_no_blocks_by_itself():
    step, rows = Plain(), [{"id": "1"}]
    assert (step.notes(), list(step.planned(rows)), step.block_work(Path()), step.selection) == ({}, [], None, None)
    assert step.stand_ins(rows) is rows


def test_a_step_without_key_or_run_is_none():
    with pytest.raises(TypeError, match="abstract"):
        type("Keyless", (Step,), {"run": Plain.run})()
    with pytest.raises(TypeError, match="abstract"):
        type("Idle", (Step,), {"key": Plain.key})()
