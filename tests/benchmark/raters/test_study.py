import pytest

from hypnos.benchmark.raters.study import Study
from hypnos.errors import UserError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"raters": []}, "at least one name"),
        ({"raters": ["a", "a"]}, "a stands twice"),
        ({"raters": ["a/b"]}, "names files"),
        ({"raters": ["a"], "overlap": 2}, "overlap: 2 is not between 1 and the 1 raters"),
        ({"raters": ["a"], "overlap": 1, "questions": 0}, "questions and minutes must be above 0"),
        ({"raters": ["a"], "overlap": 1, "calibration": -1}, "calibration must be at least 0"),
    ],
)
def test_a_study_that_cannot_be_is_one_line(settings, message):
    with pytest.raises(UserError, match=message) as caught:
        Study(**settings)
    assert "\n" not in str(caught.value)


def test_every_setting_counts_in_the_key_of_the_sheets():
    assert Study(raters=("甲", "b"), seed=3, minutes=60).key() == {
        "raters": ["甲", "b"],
        "title": "医学问答人工评分表",
        "seed": 3,
        "calibration": 4,
        "overlap": 2,
        "questions": None,
        "minutes": 60,
        "minutes_per_answer": 1.5,
        "reference": True,
    }
