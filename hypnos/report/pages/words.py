"""Says what stands on a page in the page's language; English is what everything is written in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hypnos.report.contents import Language

_HOLE = "{}"
_BETWEEN_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z–]|p: )")


@dataclass(frozen=True, slots=True)
class Words:
    """Translates texts.

    Attributes:
        of_page: what the page's script says itself, by the English.
        texts: other texts, by the English; `{}` stands for parts that are translated by themselves.
    """

    of_page: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """The text in the page's language; what is not known, such as names and numbers, as it is."""
        if not self.texts or not text:
            return text
        if text in self.texts:
            return self.texts[text]
        lines = text.split("\n")
        if len(lines) > 1:
            return "\n".join(map(self, lines))
        sentences = _BETWEEN_SENTENCES.split(text)
        if len(sentences) > 1:
            return "".join(map(self, sentences))
        for english, translated in self.texts.items():
            if _HOLE in english and (match := re.fullmatch(_pattern(english), text, re.DOTALL)):
                return translated.format(*map(self, match.groups()))
        return text


def read_words(language: Language) -> Words:
    """The words of a language; none for English."""
    if language == "en":
        return Words()
    content = json.loads(Path(__file__).with_name(f"words_{language}.json").read_text("utf-8"))
    return Words(of_page=content["page"], texts=content["texts"])


def _pattern(english: str) -> str:
    return "(.+?)".join(map(re.escape, english.split(_HOLE)))
