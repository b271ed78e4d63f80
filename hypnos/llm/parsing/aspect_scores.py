"""Reads a score for each aspect out of a scorer's reply."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from hypnos.llm.parsing.json_text import BrokenOff, values
from hypnos.llm.parsing.numerals import NUMBER, plain
from hypnos.llm.parsing.replies import answer_part, in_range

_SCORE = ("score", "value", "分数", "得分", "评分")
_NAME = ("aspect", "name", "key", "方面", "维度", "指标")


class Aspect(Protocol):
    """What of an aspect matters here."""

    @property
    def key(self) -> str:
        """`coherence`."""

    @property
    def name(self) -> str:
        """`连贯性`."""


def read_aspects(
    text: str, aspects: Sequence[Aspect], *, low: float = 0.0, high: float = 10.0
) -> dict[str, float] | None:
    """A score for every aspect, by key; nothing is turned round.

    Read as JSON under keys or names, flat or nested, also as a list of aspects; otherwise as lines such as
    `连贯性：8分`.

    Returns:
        None where one is missing, outside `low` to `high`, or stated twice with different values: a reply that
        repeats scores out of the text under judgement is asked for again.
    """
    text = answer_part(text)
    try:
        found = [scores for value in values(text) for scores in _in_json(value, aspects)]
    except BrokenOff:
        return None
    if not found:
        lines = _in_lines(plain(text), aspects)
        found = [] if lines is None else [lines]
    if not found or any(scores != found[0] for scores in found):
        return None
    read = {key: in_range(value, low=low, high=high) for key, value in found[0].items()}
    return {key: value for key, value in read.items() if value is not None} if None not in read.values() else None


def _in_json(value: Any, aspects: Sequence[Aspect]) -> Iterator[dict[str, Any]]:
    """Every object, however deep, that has all aspects."""
    if isinstance(value, list):
        listed = {str(_pick(part, _NAME)): part for part in value if isinstance(part, dict)}
        scores = _scores(listed, aspects)
        if scores is not None:
            yield scores
            return
        for part in value:
            yield from _in_json(part, aspects)
    elif isinstance(value, dict):
        scores = _scores(value, aspects)
        if scores is not None:
            yield scores
            return
        for part in value.values():
            yield from _in_json(part, aspects)


def _scores(stated: Mapping[str, Any], aspects: Sequence[Aspect]) -> dict[str, Any] | None:
    by_name = {name.strip().lower(): value for name, value in stated.items()}
    scores = {}
    for aspect in aspects:
        for name in (aspect.key.lower(), aspect.name):
            if name in by_name:
                value = by_name[name]
                scores[aspect.key] = _pick(value, _SCORE) if isinstance(value, dict) else value
    return scores if len(scores) == len(aspects) else None


def _pick(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _in_lines(text: str, aspects: Sequence[Aspect]) -> dict[str, Any] | None:
    scores = {}
    for aspect in aspects:
        name = f"(?:{re.escape(plain(aspect.name))}|{re.escape(aspect.key)})"
        # Between name and number: a note in brackets, a colon, the bars and stars of tables and bold type.
        between = r"[\s*|_]*(?:\([^)\n]*\)|/\s*\w+)?[\s*|_]*(?:[:=]|是|为|得分|评分)*[\s*|_]*"
        pattern = rf"{name}{between}({NUMBER.pattern})(\s*[-~到至]\s*{NUMBER.pattern})?\s*(?:分|/\s*10)?(?![\d.]*\d)"
        # A range, 8-9, is no score.
        stated = {None if match[2] else in_range(match[1]) for match in re.finditer(pattern, text, re.IGNORECASE)}
        if len(stated) != 1:
            return None
        scores[aspect.key] = stated.pop()
    return scores
