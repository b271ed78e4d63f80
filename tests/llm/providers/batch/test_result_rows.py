"""One odd row in a file of results costs its own request, not the run."""

import logging

import pytest

from hypnos.llm.failures import TransientError
from hypnos.llm.providers.batch.result_rows import read_rows

SOUND = b'{"custom_id": "a", "response": {"body": {"choices": [1]}}}\n'


def rows(raw):
    return read_rows(raw, part="response", where="llm x: batch b")


@pytest.mark.parametrize(
    ("odd", "more"),
    [
        (b"null\n", {}),
        (b"[1]\n", {}),
        (b'{"custom_id": ["k"], "response": {}}\n', {}),
        (b'{"custom_id": "k", "resp', {}),
        (b'{"custom_id": "k", "response": "oops"}\n', {"k": {}}),
        (b'{"custom_id": "k\xff"}', {}),
    ],
)
def test_an_odd_row_is_skipped_and_told(odd, more, caplog):
    caplog.set_level(logging.WARNING)
    assert rows(SOUND + odd) == {"a": {"body": {"choices": [1]}}, **more}
    assert "llm x: batch b: 1 of 2 rows of results cannot be read" in caplog.text


def test_of_sound_rows_and_of_no_rows_nothing_is_told(caplog):
    assert rows(SOUND + b'\n{"custom_id": "k", "response": null, "error": {"code": 1}}') == {
        "a": {"body": {"choices": [1]}},
        "k": {},
    }
    assert rows(b"") == rows(b"\n") == {}
    assert not caplog.records


def test_a_page_in_place_of_results_is_asked_for_again():
    with pytest.raises(TransientError, match="results that are no lines of JSON: a web page: gateway"):
        rows(b"<html>\n<body>gateway</body>\n</html>")
