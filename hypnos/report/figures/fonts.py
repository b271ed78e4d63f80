"""Finds a font with Chinese characters for figures, and other names for texts where there is none."""

import logging
import re
from functools import lru_cache

_USUAL = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "PingFang SC", "SimHei", "Heiti SC", "STHeiti", "Arial Unicode MS",
)  # fmt: skip
_HAN = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_AROUND = " :;,.-–—/"
"""What is left at the ends of a title when its Chinese words are gone."""


@lru_cache(maxsize=1)
def chinese_font() -> str | None:
    """A font of this machine that has Chinese characters, the usual ones first."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its cache and of each font it looks for
    from matplotlib.font_manager import findSystemFonts, fontManager, get_font

    # The library's own list is as old as its cache: fonts that came later are looked for as well.
    known = {font.fname for font in fontManager.ttflist}
    for file in sorted(set(findSystemFonts()) - known):
        try:
            fontManager.addfont(file)
        except (OSError, RuntimeError):  # a file that cannot be read is no font
            continue
    for font in sorted(fontManager.ttflist, key=lambda font: (font.name not in _USUAL, font.name, font.fname)):
        try:
            if "Last Resort" not in font.name and get_font(font.fname).get_char_index(ord("麻")):
                return str(font.name)  # the last resort has a box for every character
        except (OSError, RuntimeError):
            continue
    return None


def readable(text: str, number: int = 0, kind: str = "model") -> str:
    """The text, or a number in its place where it is Chinese and no font has its characters."""
    return text if not _HAN.search(text) or chinese_font() else f"{kind} {number + 1}"


def readable_title(text: str) -> str:
    """The title, or what of it is not Chinese where no font has its characters: the report says the rest beside it."""
    if not _HAN.search(text) or chinese_font():
        return text
    return " ".join(_HAN.sub(" ", text).split()).strip(_AROUND)


def all_readable(texts: list[str]) -> bool:
    """Whether every text can be drawn."""
    return bool(chinese_font()) or not any(map(_HAN.search, texts))
