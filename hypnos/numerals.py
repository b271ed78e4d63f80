"""Reads numbers as Chinese text writes them, in figures or numerals."""

import re
import unicodedata

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_DECIMALS = "(?:点[零〇一二三四五六七八九]+|半)?"
_NUMERAL = f"[零〇一二两三四五六七八九十百]+{_DECIMALS}"
_FIGURE = r"[+-]?\d+(?:\.\d+)?"

NUMBER = re.compile(f"{_FIGURE}|{_NUMERAL}")
"""A number in figures or in Chinese numerals up to 999, in text that `plain` has passed: no 千 of 千分之 or 千万."""

LARGE = f"(?:[零〇一二两三四五六七八九十百万]|千(?!克))+{_DECIMALS}"
"""A pattern of Chinese numerals up to 99,999,999; 千克 is a unit and never a number."""


def plain(text: str) -> str:
    """Put full-width digits, letters and punctuation in their plain forms."""
    return unicodedata.normalize("NFKC", text).replace("。", ".").replace("、", ",").replace("−", "-").replace("—", "-")


def read_number(text: str) -> float | None:
    """Read a text that is one number and nothing else: `8`, `８．５`, `八`, `八点五`, `十`, `八分半` is none.

    Returns:
        None where it is no number.
    """
    text = plain(text).strip()
    if re.fullmatch(_FIGURE, text):
        return float(text)
    if not re.fullmatch(LARGE, text):
        return None
    if text.endswith("半"):
        whole = _whole(text[:-1])
        return None if whole is None else whole + 0.5
    whole_text, _, decimals = text.partition("点")
    whole = _whole(whole_text)
    if whole is None:
        return None
    return whole + sum(_DIGITS[digit] / 10**power for power, digit in enumerate(decimals, 1))


def _whole(text: str) -> float | None:
    """Up to 99,999,999; `一二` is no number."""
    thousands, large, rest = text.rpartition("万")
    if large:
        high = _whole(thousands) if "万" not in thousands else None
        low = _whole(rest) if rest else 0.0
        return None if high is None or low is None else high * 10_000 + low
    total = 0
    digit: int | None = None
    for character in text:
        if character in _UNITS:
            total += (1 if digit is None else digit) * _UNITS[character]
            digit = None
        elif digit in (None, 0):
            digit = _DIGITS[character]
        else:
            return None
    return float(total + (digit or 0)) if text else None
