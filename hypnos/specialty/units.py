"""Reads amounts and units of doses as people write them, in one notation: mg, mL or IU, per kg, per h."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from hypnos.numerals import LARGE, read_number

_AMOUNTS = {
    "mg": ("mg", 1.0), "毫克": ("mg", 1.0), "g": ("mg", 1e3), "克": ("mg", 1e3),
    "μg": ("mg", 1e-3), "ug": ("mg", 1e-3), "mcg": ("mg", 1e-3), "微克": ("mg", 1e-3),
    "ml": ("mL", 1.0), "毫升": ("mL", 1.0), "iu": ("IU", 1.0), "u": ("IU", 1.0),
    "国际单位": ("IU", 1.0), "单位": ("IU", 1.0),
}  # fmt: skip
_PER = {
    "kg": ("/kg", 1.0), "公斤": ("/kg", 1.0), "千克": ("/kg", 1.0), "次": ("", 1.0),
    "min": ("/h", 60.0), "分钟": ("/h", 60.0), "分": ("/h", 60.0), "h": ("/h", 1.0), "hr": ("/h", 1.0),
    "小时": ("/h", 1.0), "d": ("/h", 1 / 24), "天": ("/h", 1 / 24), "日": ("/h", 1 / 24),
}  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """A pattern that finds one of the words, longer ones first; nothing where there are none."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or r"(?!)"


# A number: "0.5", "1,000", "2.5万", "一百二十", "零点六".
NUMBER = rf"(?:(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?(?:\s*万)?|{LARGE})"
# One unit: "mg", "μg/kg/min", "μg·kg−1·min−1", "mg/(kg·h)". What may not follow it would make it a
# concentration or a part of something longer: "μg/mL", "mg/m2", "10 mg:1 mL".
AMOUNT = rf"(?:{any_of(_AMOUNTS)})(?![a-z])(?!(?<=克)[拉林雷氏])"
_TOKEN = rf"(?:{any_of(_PER)})(?![a-z])(?:体重)?(?:\s*[-−]\s*1(?!\d))?"
_TIMES = r"\s*[·⋅•∙・‧*]\s*"
LINK = (
    rf"(?:\s*/\s*\(\s*{_TOKEN}(?:{_TIMES}{_TOKEN})*\s*\)|(?:\s*/\s*每?\s*|{_TIMES}|\s*(?:每|per)\s*){_TOKEN}"
    rf"|\s+(?=(?:kg|min|h|d)\s*[-−]\s*1){_TOKEN})"
)
UNIT = rf"{AMOUNT}(?:{LINK})*(?!\s*[/:·*+×%]|\s*每\s*[^\s\d]|\d|\s*[-‐–—−~]\s*\d)"
# Before the number instead of behind the unit: "每千克20毫克", "每公斤体重每小时 6 mg"; per time alone may be a repeat.
_PREFIX = r"每\s*(?:{})(?![a-z])(?:体重)?\s*"
_PER_KG = _PREFIX.format("kg|公斤|千克")
PER = rf"(?:{_PREFIX.format('min|分钟|hr?|小时')})*{_PER_KG}(?:{_PREFIX.format('min|分钟|hr?|小时')})*"


def read_amount(text: str) -> float | None:
    """A number of `NUMBER`, in figures or numerals; None where it is none, such as `两三`."""
    figures, large, _ = text.partition("万")
    figures = figures.strip().replace(",", "")
    if figures[:1].isascii() and figures:
        return float(figures) * (1e4 if large else 1.0)
    return read_number(text)


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


@lru_cache(maxsize=16)  # several rules look at one record in turn
def normalise(text: str) -> str:
    """Full-width forms, superscripts, ㎎ and the two signs for micro become one spelling, in lower case."""
    return unicodedata.normalize("NFKC", text).lower()
