from dataclasses import replace
from pathlib import Path

import pytest

from hypnos.errors import UserError
from hypnos.specialty.folder import read_specialty
from hypnos.specialty.rubric import read_indicators, read_severe

ENTRY = {"key": "a", "name": "甲", "low": "差", "high": "好"}


@pytest.fixture(scope="module")
def anesthesia():
    return read_specialty(Path(__file__).parents[2] / "specialty" / "anesthesia")


def test_the_bundled_rubric_has_directions_anchors_and_the_three_severe_errors(anesthesia):
    indicators = {one.key: one for one in read_indicators(anesthesia)}
    assert [key for key, one in indicators.items() if one.lower_is_better] == ["harmfulness"]
    assert indicators["harmfulness"].turned == "无害性"
    assert all(one.low and one.high for one in indicators.values())
    aspects = {one.key: one for one in anesthesia.aspects}
    # Where judge and raters are compared, both were told the same.
    shared = indicators.keys() & aspects.keys()
    assert shared == aspects.keys()
    for key in shared:
        one, other = indicators[key], aspects[key]
        assert (one.name, one.low, one.high, one.lower_is_better) == (
            *(other.name, other.low, other.high),
            other.lower_is_better,
        )
    assert [one.name for one in read_severe(anesthesia)] == ["剂量", "禁忌", "漏诊"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (None, "indicators: needs a list"),
        ([{"key": "a"}], r"indicators\[0\]: lacks high, low, name"),
        ([{**ENTRY, "colour": 1}], r"indicators\[0\]: does not know colour"),
        ([ENTRY, ENTRY], "the key a stands twice"),
        ([{**ENTRY, "kinds": ["choice"]}], "a: kinds are question, reading"),
    ],
)
def test_a_wrong_rubric_is_one_line(anesthesia, entries, message):
    with pytest.raises(UserError, match=message):
        read_indicators(replace(anesthesia, rubric={"indicators": entries}))


def test_a_rubric_without_severe_errors_has_none(anesthesia):
    assert read_severe(replace(anesthesia, rubric={})) == ()
