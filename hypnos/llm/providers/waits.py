"""Reads how long a provider asks to wait, out of its headers or its words."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|µs|[dhms]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|[dhms])")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?")

_RESETS = re.compile(r"(?:x-|anthropic-)?ratelimit-(?:reset(-\w+)?|(\w+)-reset)")
_WORDS = re.compile(
    r"(?:try again|retry|wait)\D{0,20}?((?:\d+(?:\.\d+)?\s?(?:ms|seconds?|secs?|minutes?|mins?|[dhms])\s?)+)"
    r"|\"retryDelay\":\s*\"([\d.]+s)\"",
    re.IGNORECASE,
)

_EPOCH = 1e9
"""Numbers above are moments, in seconds since 1970; a thousand times as many are milliseconds."""


def wait_of(headers: Mapping[str, str] | None, words: str = "") -> float | None:
    """Tell how many seconds a provider asks to wait; None where it does not say.

    What is stated for this answer (`retry-after-ms`, `retry-after`) counts before the moments at which its counters
    begin anew (`x-ratelimit-reset-requests`, ...): of these the latest whose counter is used up, or the earliest where
    nothing tells which one that is.

    Args:
        headers: of the answer.
        words: its message (`Please try again in 20s`), read where no header tells.
    """
    lower = {name.lower(): str(value) for name, value in (headers or {}).items()}
    if (milliseconds := _number(lower.get("retry-after-ms"))) is not None:
        return max(milliseconds / 1000, 0.0)
    if (stated := seconds(lower.get("retry-after"))) is not None:
        return stated
    spent: list[float] = []
    others: list[float] = []
    for name, value in lower.items():
        match = _RESETS.fullmatch(name)
        wait = seconds(value) if match else None
        if match and wait is not None:
            kind = (match[1] or "").lstrip("-") or match[2] or ""
            (spent if _is_spent(lower, kind) else others).append(wait)
    if spent or others:
        return max(spent) if spent else min(others)
    return _in_words(words)


def seconds(value: str | None) -> float | None:
    """Read a span or a moment: `20`, `6m0s`, `20ms`, a date of HTTP, ISO 8601, a moment since 1970."""
    text = (value or "").strip()
    if not text:
        return None
    number = _number(text)
    if number is not None:
        if number >= _EPOCH * 1000:
            number /= 1000
        return max(number - time.time() if number >= _EPOCH else number, 0.0)
    if _SPAN.fullmatch(text):
        return sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(text))
    try:
        if _STAMP.fullmatch(text):
            from datetime import UTC, datetime

            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time(), 0.0)
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= abs(number) < float("inf") else None


def _is_spent(headers: Mapping[str, str], kind: str) -> bool:
    names = (f"-remaining-{kind}", f"-{kind}-remaining") if kind else ("-remaining",)
    return any(name.endswith(names) and _number(value) == 0 for name, value in headers.items())


def _in_words(words: str) -> float | None:
    match = _WORDS.search(words)
    if match is None:
        return None
    spans = re.findall(r"(\d+(?:\.\d+)?)\s?(ms|[dhms])", (match[1] or match[2]).lower())
    return sum(float(amount) * _UNITS[unit] for amount, unit in spans) or None
