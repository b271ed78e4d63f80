"""What stands in a field is text, or is refused."""

import pytest

from hypnos.corpus.cells import cell_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" 甲 ", "甲"),
        (5, "5"),
        (5.0, "5"),
        (8.65, "8.65"),
        (1e16, "10000000000000000"),
        (float("nan"), ""),
        (None, ""),
        (0, "0"),
    ],
)
def test_text_and_numbers(value, text):
    assert cell_text(value) == text


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        *[({"a": 1}, "an object"), (["a"], "a list"), (True, "true or false"), (b"a", "bytes"), (("a",), "a list")],
        *[(float("inf"), "an infinite number"), (float("-inf"), "an infinite number")],
    ],
)
def test_nothing_else_becomes_text(value, kind):
    with pytest.raises(ValueError, match=f"^must be text, not {kind}$"):
        cell_text(value)
