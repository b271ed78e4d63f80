"""Reads letters of options as one string of sorted capitals, and options that speak of all the others."""

import re
import unicodedata
from collections.abc import Iterable

BETWEEN = re.compile(r"[\s,，、;；和与及&+/.。]+")
"""What stands between letters that are listed: `B、D`, `D,B`, `B和D`."""

_END = r"[\s。.;；!！]*$"
_WHOLE = (
    r"(?:以上|上述|前述|上面|前面|所有|全部|这些|[二两三四五六][者项种])"
    r"(?:的|各|几|[二两三四五六])*(?:选项|说法|各项|项|种?情况|内容|因素|措施|答案)?"
)
ALL = re.compile(
    rf"^{_WHOLE}(?:均|都|全部?|皆|均可|都可)*(?:可以|可能|可|是|对|正确|有|包括|成立|符合){_END}"
    rf"|^(?:全[部都]?选|全选|都选|全对|全部正确|都对|都是|均是|均正确|都正确|全都是){_END}"
    r"|(?i:^all(?: of)?(?: the)? (?:above|options|answers)\b(?: (?:are|is) (?:correct|right))?\W*$)"
)
NONE = re.compile(
    rf"^{_WHOLE}(?:均|都|全部?|皆)*(?:不(?:是|对|正确|成立|符合|包括|可)|没有|无|错误?|非){_END}"
    rf"|^(?:都|均|皆|全)(?:不(?:是|对|正确)|错误?){_END}"
    r"|(?i:^none(?: of)?(?: the)? (?:above|these|options)\b.{0,20}$)"
)


def plain_letters(text: str) -> str:
    """Full-width and small letters as capitals, without what separates them; other signs stay."""
    return BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def sorted_letters(letters: Iterable[str]) -> str:
    """Letters once each, in the order of the alphabet: `DBB` is `BD`."""
    return "".join(sorted(set(letters)))


def all_above(text: str) -> bool:
    """Whether a text says that every option holds: 以上均是, 以上选项全部正确, all of the above."""
    return bool(ALL.search(text.strip()))


def none_above(text: str) -> bool:
    """Whether a text says that no option holds: 以上都不对, none of the above."""
    return bool(NONE.search(text.strip()))
