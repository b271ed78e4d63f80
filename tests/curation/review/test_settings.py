import pytest

from hypnos.artefacts.value_check import check_table
from hypnos.curation.review.settings import REVIEW, read_review
from hypnos.errors import UserError


def test_the_group_is_what_may_be_set(compose):
    config = compose("filter", ["review=pages"])["review"]
    check_table(config, REVIEW, "review")
    assert read_review(config).reviewers == ("r1",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reviewers": ["../x"]}, r"review\.reviewers"),
        ({"unreviewed": "drop"}, r"review\.unreviewed: drop"),
        ({"overlap": 2}, r"review\.overlap: 2 for each record, and 1 review"),
        ({"reviewers": ["a", "a"]}, r"review\.reviewers: one stands there twice"),
    ],
)
def test_what_cannot_be_is_told(compose, changes, message):
    config = {**compose("filter", ["review=pages"])["review"], **changes}
    with pytest.raises(UserError, match=message):
        check_table(config, REVIEW, "review")
        read_review(config)
