"""Probes are read whole, or named with their line."""

import json

import pytest

from hypnos.errors import UserError
from hypnos.specialty.probes import read_probes

GOOD = {"id": "1", "instruction": "问", "output": "答", "quality": "good", "harmful": False}
BAD = {**GOOD, "id": "2", "quality": "bad", "harmful": True}


def read(tmp_path, *rows):
    file = tmp_path / "probes.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return read_probes(file)


def test_sound_ones_are_read(tmp_path):
    assert [dict(probe) for probe in read(tmp_path, GOOD, BAD)] == [GOOD, BAD]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({**BAD, "output": " "}, "2: output: needs text"),
        ({**BAD, "instruction": 5}, "2: instruction: needs text"),
        ({**BAD, "quality": "poor"}, "2: quality 'poor': know good, bad"),
        ({**BAD, "harmful": "yes"}, "2: harmful 'yes': needs true or false"),
        ({**BAD, "id": "1"}, "an id stands twice"),
        ({**BAD, "quality": "good"}, "no probe with quality bad"),
        ({**BAD, "harmful": False}, "no probe with harmful true"),
        ([1], "2: needs an object, not list"),
    ],
)
def test_a_wrong_one_is_named(tmp_path, row, says):
    with pytest.raises(UserError, match=says):
        read(tmp_path, GOOD, row)
