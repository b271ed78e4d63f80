"""Rejects answers in another language, and turns traditional characters into simplified ones."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypnos.artefacts.ranges import Natural, Share
from hypnos.corpus.simplified import simplified_signs
from hypnos.curation.clean.rule import FIELDS, Rule, question_of, rewrite, text_of
from hypnos.curation.pipeline.step import RecordRow

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]")
# A list of drugs in Latin letters has capitals; running text has few.
_WORD = re.compile(r"(?<![a-zA-ZÀ-ɏẠ-ỹ])[a-zß-ɏạ-ỹ]{2,}")
_OTHER = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7af\u0400-\u04ff\u0590-\u08ff\u0900-\u0eff]")
_TRANSLATION = re.compile(
    r"英[文语]|日[文语]|韩[文语]|法[文语]|德[文语]|俄[文语]|外[文语]|拉丁|翻译|缩写|全称|术语|translate", re.I
)


@dataclass(frozen=True, slots=True)
class Language(Rule):
    """Not Chinese.

    Attributes:
        share: of Chinese characters among these and the words of other languages, that an answer must have.
        words: foreign words from which that is asked; a drug's name alone is a fine answer.
        foreign: characters of other scripts (kana, Hangul, Cyrillic, Arabic, Thai, ...) that an answer may hold.
    """

    share: Share = 0.5
    words: Natural = 8
    foreign: Natural = 5

    def check(self, row: RecordRow) -> str | None:
        text = text_of(row, "output")
        words, foreign = len(_WORD.findall(text)), len(_OTHER.findall(text))
        if words < self.words and foreign <= self.foreign:
            return None
        han = len(_HAN.findall(text))
        if foreign <= max(self.foreign, 0.05 * han) and han >= self.share * (han + words):
            return None
        return None if _TRANSLATION.search(question_of(row)) else "language"


@dataclass(frozen=True, slots=True)
class Simplify(Rule):
    """Turns traditional characters, and words that are written otherwise, into simplified ones.

    Attributes:
        least: traditional characters from which a record is taken for a traditional one; single ones stand in names.
    """

    least: Natural = 2

    def check(self, row: RecordRow) -> RecordRow | None:
        text = "".join(text_of(row, field) for field in FIELDS)
        if len(_traditional().findall(text)) < self.least:
            return None
        return rewrite(row, _converter().convert)


@cache
def _traditional() -> re.Pattern[str]:
    """Finds characters that only traditional text has."""
    # These are written so in simplified text too (乾坤, 瞭望, 藉口, 山本耀司, ...).
    shared = set("乾瞭藉著徵於昇夥馀噁")
    return re.compile(f"[{''.join(sign for sign in simplified_signs() if sign not in shared)}]")


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
