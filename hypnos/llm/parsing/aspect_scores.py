"""Reads a score for each aspect out of a grader's reply.

A judge's reply holds one set of scores, in any form (`read_aspects`). A scorer of records repeats a code with its
scores, so that of several sets its own can be told (`coded_scores`); where its reply is not as it was asked for, it is
read as a judge's is. In both, a score that is missing or outside the scale makes the whole set unreadable.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from hypnos.llm.parsing.json_text import BrokenOff, spans
from hypnos.llm.parsing.quotation import quoted
from hypnos.llm.parsing.replies import answer_part, in_range, read_json, read_object, share_of
from hypnos.llm.parsing.score_tables import in_columns
from hypnos.numerals import NUMBER, plain, read_number
from hypnos.reasoning import cut_open_thought
from hypnos.sound_text import mend

_SCORE = ("score", "value", "分数", "得分", "评分")
_MOST = ("max", "maximum", "out_of", "scale", "满分", "最高分")
_NAME = ("aspect", "name", "key", "方面", "维度", "指标")

_SPAN = rf"[01]\s*(?:-|~|到|至|\bto\b)\s*({NUMBER.pattern})"
"""A scale by its ends, 1-5; in text that `plain` has passed."""
_SCALES = re.compile(
    rf"({NUMBER.pattern})\s*分制|(?<!分\()满分(?:为|是|:)?\s*({NUMBER.pattern})|\bscale\s+(?:of|from)\s+[01]\s*(?:to|-|~)\s*(\d+)"
    rf"|(?<![\d.]){_SPAN}\s*分?\s*的?(?:评分|打分|计分|量表|制|标准|尺度|\s(?:point\s+)?scale\b)"
    rf"|(?:评分|打分|计分|分值)(?:范围|标准|区间|量表|尺度)?\s*(?:为|是|:|在|按|采用|用)?\s*\(?{_SPAN}(?![\d.]*\d)"
    r"|\b(\d+)[-\s]points?\s+scale\b",
    re.IGNORECASE,
)
_OTHER_NUMBER = rf"\s*(?:[-~到至或→]|->|=>|\bor\b|\bto\b|,(?=\s*{NUMBER.pattern}\s*分)|\s(?=\d+/\d))\s*{NUMBER.pattern}"
"""A second number that makes a range, an alternative or a correction of the first."""
_COUNTED = (
    r"\s*(?:[条个处项点次种名例篇句字段步类位倍成星级档]|方面)|\s*(?:major|minor|serious|severe|small)?\s*"
    r"(?:flaw|error|fault|issue|mistake|problem|defect|omission|point)s?\b"
)
"""What stands after a number that counts something, such as 2条缺陷, and scores nothing."""
_ABOUT = r"\s*(?:以[上下内]|左右|上下|之间|半)"


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
    if _other_scale(plain(text), high):
        return None
    try:
        found = spans(text)
    except BrokenOff:
        return None
    stated = [(scores, quoted(text, start, end)) for start, end, value in found for scores in _in_json(value, aspects)]
    if not stated:
        names = {aspect.key: (aspect.key, aspect.name) for aspect in aspects}
        stated = [(row, False) for row in in_columns(text, names)] if not quoted(text, 0, len(text)) else []
    if not stated:
        lines = _in_lines(plain(text), aspects, high)
        stated = [] if lines is None else [(lines, False)]
    # A quotation is no verdict; beside a verdict that differs from it, neither is sure.
    if all(a_quotation for _, a_quotation in stated) or any(scores != stated[0][0] for scores, _ in stated):
        return None
    return _within(stated[0][0], low, high)


def _other_scale(text: str, high: float) -> bool:
    """Whether a text says that it scores on another scale: 五分制, 满分5分, 1-5分评分, on a scale of 1 to 5."""
    named = (number for several in _SCALES.findall(text) for number in several if number)
    return any(read_number(number) not in (None, high) for number in named)


def coded_scores(
    text: str, aspects: Sequence[Aspect], *, low: float = 0.0, high: float = 10.0
) -> list[tuple[Mapping[str, Any], dict[str, float]]]:
    """The sets of scores in a reply that stand with a code, each with the object that holds both, in their order.

    Objects as they were asked for come first: see `scored_objects`. A reply without such is read by `read_aspects`,
    under names, nested, as a table or in lines, if it states one code and no other; the object is then the one of the
    reply, if it has one, with that code.
    """
    asked = scored_objects(text, [aspect.key for aspect in aspects], low=low, high=high)
    stated = [(answer, scores) for answer, scores in asked if isinstance(answer.get("code"), str)]
    if stated:
        return stated
    codes = {match[1] for match in _CODE.finditer(cut_open_thought(text))}
    scores = read_aspects(text, aspects, low=low, high=high) if len(codes) == 1 else None
    if scores is None:
        return []
    return [({**(read_object(answer_part(text)) or {}), "code": codes.pop()}, scores)]


_CODE = re.compile(
    r"(?:\bcode|编码|代码|校验码|编号)[\s\"'“”*`|]*(?:[:：=]|是|为)?[\s\"'“”*`|]*([0-9a-f]{8})(?![0-9a-z])", re.I
)


def scored_objects(
    text: str, keys: Sequence[str], *, low: float = 0.0, high: float = 10.0
) -> Iterator[tuple[Mapping[str, Any], dict[str, float]]]:
    """The JSON objects of a reply that hold a score for every key, each with these scores, in their order.

    Objects inside one of them do not count: what a scorer quotes is text within its answer. Names and lines of prose
    are not read, and objects are found in the model's reasoning too, where it ended: the caller tells its own answer by
    a code.
    """
    for answer in _objects(cut_open_thought(text)):
        scores = _within({key: answer.get(key) for key in keys}, low, high)
        if scores is not None:
            yield answer, scores


def _within(stated: Mapping[str, Any], low: float, high: float) -> dict[str, float] | None:
    """All scores as numbers; None where one is none, or outside `low` to `high`."""
    scores = {key: in_range(value, low=low, high=high) for key, value in stated.items()}
    return {key: value for key, value in scores.items() if value is not None} if None not in scores.values() else None


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # ValueError: also a number of thousands of digits
            end = start + 1
        else:
            yield mend(value)
        start = text.find("{", end)
    tolerant = read_json(text)
    if isinstance(tolerant, Mapping):
        yield tolerant


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
                scores[aspect.key] = _score_of(value) if isinstance(value, dict) else value
    return scores if len(scores) == len(aspects) else None


def _score_of(value: Mapping[str, Any]) -> Any:
    """The score of `{"score": 4, "max": 5}`, with the other scale that it names."""
    score, most = _pick(value, _SCORE), _pick(value, _MOST)
    return score if most is None else f"{score}/{most}"


def _pick(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _in_lines(text: str, aspects: Sequence[Aspect], high: float) -> dict[str, Any] | None:
    scores = {}
    names = "|".join(re.escape(name) for aspect in aspects for name in (plain(aspect.name), aspect.key))
    share = rf"\s*(?:/|out\s+of|\(满分)\s*(?P<most>{NUMBER.pattern})(?![\d.]*\d|\s*%)"
    # No end of a score: more digits, a share, what is counted, "about", or another word (十分清晰, 一般).
    another_word = rf"(?<!分)(?!总|{names})[\u4e00-\u9fff]|(?<=十分)[\u4e00-\u9fff]"
    ends = rf"(?![\d.]*\d|\s*[%分]|\s*(?:/|out\s+of)\s*\d|{_COUNTED}|{_ABOUT}|{another_word})"
    for aspect in aspects:
        name = f"(?:{re.escape(plain(aspect.name))}|{re.escape(aspect.key)})"
        # Between name and number: a note in brackets, a colon, the bars and stars of tables and bold type.
        between = r"[\s*|_]*(?P<note>\([^)\n]*\)|/\s*\w+)?[\s*|_]*(?:[:=,]|是|为|得分|评分)*[\s*|_]*"
        pattern = (
            rf"{name}{between}(?P<score>{NUMBER.pattern})\s*"
            rf"(?:(?P<other>{_OTHER_NUMBER})|(?:分|points?)?(?:{share}|{ends}))"
        )
        matches = list(re.finditer(pattern, text, re.IGNORECASE))
        # A range, 8-9, is no score, nor is what is quoted.
        own = {_stated(match, high) for match in matches if not quoted(text, match.start(), match.end())}
        if len(own) != 1 or {_stated(match, high) for match in matches} != own:
            return None
        scores[aspect.key] = own.pop()
    return scores


def _stated(match: re.Match[str], high: float) -> float | None:
    span = re.match(rf"\(\s*{_SPAN}\s*分?\s*\)", match["note"] or "")
    if match["other"] or (span and read_number(span[1]) != high):
        return None
    return share_of(match["score"], match["most"], high) if match["most"] else in_range(match["score"], high=high)
