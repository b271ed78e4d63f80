"""Counts of a step, in parts and as plain values."""

from hypnos.curation.pipeline.counts import StepCounts


def test_parts_add_up_and_are_read_again():
    one, other = StepCounts(), StepCounts()
    one.keep({"author": "a", "topic": None})
    one.rejected["empty"] += 2
    other.keep({"author": "a", "topic": "airway"})
    one.add(other)
    assert one.plain() == {
        **{"in": 4, "out": 2, "rejected": {"empty": 2}},
        **{"authors": {"a": 2}, "topics": {"": 1, "airway": 1}},
    }
    assert StepCounts.read(one.plain()) == one
