import pytest

from hypnos.curation.review.texts import content_of, shown_of

ROW = {"id": "a", "instruction": "问", "input": "", "output": "答", "history": [["甲", "乙"]], "author": "x"}


def test_a_reviewer_sees_texts_and_turns_and_nothing_of_where_they_come_from():
    assert shown_of(ROW) == {"history": [["甲", "乙"]], "texts": {"instruction": "问", "output": "答"}}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"author": "y"}, True),
        ({"scores": [1]}, True),
        ({"output": "他"}, False),
        ({"id": "b"}, False),
        ({"history": []}, False),
    ],
)
def test_a_record_is_known_again_by_what_was_seen_of_it(change, same):
    assert (content_of({**ROW, **change}) == content_of(ROW)) is same
