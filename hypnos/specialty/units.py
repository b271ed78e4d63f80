"""Parses units of doses as people write them into one notation: mg, mL or IU, per kg, per h."""

import re
import unicodedata
from collections.abc import Iterable

_AMOUNTS = {
    "mg": ("mg", 1.0), "毫克": ("mg", 1.0),
    "μg": ("mg", 1e-3), "ug": ("mg", 1e-3), "mcg": ("mg", 1e-3), "微克": ("mg", 1e-3),
    "ml": ("mL", 1.0), "毫升": ("mL", 1.0), "iu": ("IU", 1.0), "国际单位": ("IU", 1.0), "单位": ("IU", 1.0),
}  # fmt: skip
_PER = {
    "kg": ("/kg", 1.0), "公斤": ("/kg", 1.0), "千克": ("/kg", 1.0), "次": ("", 1.0),
    "min": ("/h", 60.0), "分钟": ("/h", 60.0), "分": ("/h", 60.0), "h": ("/h", 1.0), "hr": ("/h", 1.0),
    "小时": ("/h", 1.0), "d": ("/h", 1 / 24), "天": ("/h", 1 / 24), "日": ("/h", 1 / 24),
}  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """A pattern that finds one of the words, longer ones first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


# One unit: "mg", "μg/kg/min", "μg·kg−1·min−1", "mg/(kg·h)". What may not follow it would make it a
# concentration or a part of something longer: "μg/mL", "mg/m2", "10 mg:1 mL".
NUMBER = r"\d+(?:\.\d+)?"
AMOUNT = rf"(?:{any_of(_AMOUNTS)})(?![a-z])"
_TOKEN = rf"(?:{any_of(_PER)})(?![a-z])(?:体重)?(?:\s*[-−]\s*1(?!\d))?"
_TIMES = r"\s*[·⋅•∙・‧*]\s*"
LINK = (
    rf"(?:\s*/\s*\(\s*{_TOKEN}(?:{_TIMES}{_TOKEN})*\s*\)|(?:\s*/\s*|{_TIMES}|\s*每\s*){_TOKEN}"
    rf"|\s+(?=(?:kg|min|h|d)\s*[-−]\s*1){_TOKEN})"
)
UNIT = rf"{AMOUNT}(?:{LINK})*(?!\s*[/:·*+×%]|\s*每\s*[^\s\d]|\d|\s*[-‐–—−~]\s*\d)"


def parse_unit(text: str) -> tuple[str, float]:
    """Returns the unit in mg, mL or IU, per kg, per h, and the factor that turns a value of `text` into it.

    Raises:
        ValueError: `text` is not an amount, optionally per kg and per time.
    """
    written = normalise(text).strip()
    amount = re.match(AMOUNT, written)
    if amount is None or not re.fullmatch(UNIT, written):
        raise ValueError(f"not a unit: {text!r}")
    unit, factor = _AMOUNTS[amount[0]]
    per = [_PER[token] for token in re.findall(any_of(_PER), written[amount.end() :])]
    for _, times in per:
        factor *= times
    return unit + "".join(sorted({suffix for suffix, _ in per}, reverse=True)), factor


def normalise(text: str) -> str:
    """Full-width forms, superscripts, ㎎ and the two signs for micro become one spelling, in lower case."""
    return unicodedata.normalize("NFKC", text).lower()
