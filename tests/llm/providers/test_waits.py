"""How long a provider asks to wait."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from hypnos.llm.providers.waits import seconds, wait_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("soon", None),
        ("", None),
    ],
)
def test_spans(value, expected):
    assert seconds(value) == expected


def test_moments():
    assert seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert seconds("Wed, 21 Oct 2099 07:28:00 GMT") > 1e9
    assert seconds(str(time.time() + 30)) == pytest.approx(30, abs=2)
    assert seconds(str(int((time.time() + 30) * 1000))) == pytest.approx(30, abs=2)
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat(timespec="seconds").replace("+00:00", "Z")
    assert seconds(soon) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        (
            {"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "9s", "x-ratelimit-remaining-tokens": "0"},
            9.0,
        ),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "9s"}, 1.0),
        ({"x-ratelimit-reset": "12", "x-ratelimit-remaining": "0"}, 12.0),
        ({"Content-Type": "application/json"}, None),
        (None, None),
    ],
)
def test_headers(headers, expected):
    assert wait_of(headers) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("Please try again in 20s. Visit", 20.0), ("Please try again in 1m30s.", 90.0), ("try again in 350ms", 0.35),
     ('"retryDelay": "39s"', 39.0), ("retry after 5 seconds", 5.0), ("Limit 3, Used 3", None)],
)  # fmt: skip
def test_words_where_no_header_tells(words, expected):
    assert wait_of({}, words) == pytest.approx(expected)
    assert wait_of({"retry-after": "3"}, words) == 3.0
