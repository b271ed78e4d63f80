"""Reads letters as CMB and AnesBench do, for second numbers under their own labels: both guess where ours do not.

Described from what is published (DOMAIN.md, 5), in code of this project.
"""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hypnos.benchmark.items import Item


class OfficialRule(Protocol):
    """Reads letters from answers, and adds up what is right."""

    label: str

    def extract(self, answer: str, item: Item) -> tuple[str | None, str]:
        """Letters, or None, and the name of the rule that fired."""

    def score(self, picked: Sequence[str], items: Sequence[Item]) -> np.ndarray:
        """What each item adds, `(N,)`: the mean is the rule's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CmbRule:
    """CMB: letters after 答案 or 正确选项, else every letter A to G in the reply; the first one for a single answer.

    Letters stay in the order of the reply, and twice where they stand twice.
    """

    label: str = "cmb_official"

    def extract(self, answer: str, item: Item) -> tuple[str | None, str]:
        """Letters, or None where the reply holds no letter A to G at all."""
        announced = re.search(r"(?:答案|正确选项)(?:是|：|为|应该是|应该为)(.*?)(?:。|\.|$)", answer, re.DOTALL)
        letters = "".join(re.findall("[A-G]", announced[1] if announced else answer))
        if not item.multiple:
            letters = letters[:1]
        return letters or None, "after the announcement" if announced else "every letter"

    def score(self, picked: Sequence[str], items: Sequence[Item]) -> np.ndarray:
        """What each item adds, `(N,)`; the mean is CMB's total: that over classes of each type, then over types.

        An item's topic is `exam_type/exam_class/exam_subject`, as `Cmb` reads it. Letters are compared as written:
        DB is wrong where BD is right.
        """
        classes = [(*item.topic.split("/"), "")[:2] for item in items]
        sizes = Counter(classes)
        per_type = Counter(exam_type for exam_type, _ in sizes)
        weights = [len(items) / (len(per_type) * per_type[pair[0]] * sizes[pair]) for pair in classes]
        return np.array(weights) * [letters == item.answers[0] for letters, item in zip(picked, items, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnesBenchRule:
    """AnesBench: each option's text becomes its letter; the last match of the first pattern that matches; else nearest.

    Eight patterns are tried, from `答案：B` to a letter that stands alone; where none matches, the option whose text is
    nearest to the reply by characters counts, so that nothing is ever left unparsed. The published script measures
    nearness with thefuzz, this class with difflib: on replies that no pattern matches they may differ.
    """

    label: str = "anesbench_official"

    def score(self, picked: Sequence[str], items: Sequence[Item]) -> np.ndarray:
        """Whether each letter is right, `(N,)`."""
        return np.array([float(letter == item.answers[0]) for letter, item in zip(picked, items, strict=True)])

    def extract(self, answer: str, item: Item) -> tuple[str | None, str]:
        """One letter, always."""
        text = answer
        for letter, option in sorted(item.options.items(), key=lambda pair: len(pair[1]), reverse=True):
            text = re.sub(re.escape(option.rstrip(".")), letter, text, flags=re.IGNORECASE)
        for number, pattern in enumerate(_patterns("".join(item.options)), 1):
            matches = pattern.findall(text)
            if matches:
                return matches[-1].upper(), f"pattern {number}"
        nearest = max(item.options, key=lambda letter: _nearness(text, item.options[letter]))
        return nearest, "nearest option"


def _patterns(letters: str) -> list[re.Pattern[str]]:
    letter, other = f"([{letters}])", f"[^{letters}]"
    announced = "(?:答案|选项|正确(?:答案|选项)?|选择)"
    return [
        # announced with a colon
        re.compile(rf"{announced}[:：]+\S*{letter}\b"),
        # announced in English, without a denial
        re.compile(
            rf"(?:[Cc]hoose|(?:[Aa]nswer|[Cc]hoice)(?!{other}{{0,20}}?(?:n't|not)){other}{{0,10}}?\b(?:|is|:|be)\b)"
            rf"{other}{{0,20}}?\b{letter}\b"
        ),
        # announced with 是 or 为
        re.compile(rf"{announced}[^不|非]?[是为]+\S{{0,8}}{letter}"),
        # called right, in Chinese and in English
        re.compile(rf"\b{letter}\b(?!{other}*?(?:不|非)){other}{{0,8}}(?:正确|准确|符合)"),
        re.compile(
            rf"\b{letter}\b(?!{other}{{0,8}}?(?:n't|not){other}{{0,5}}?(?:correct|right)){other}{{0,10}}?\b(?:correct|right)\b"
        ),
        # the whole reply, its first sign, and any letter that stands alone
        re.compile(rf"^\s*{letter}\s*[.。，,:：]?$"),
        re.compile(rf"^{letter}(?:\.|,|:|$)"),
        re.compile(rf"(?<![a-zA-Z]){letter}(?![a-zA-Z=])"),
    ]


def _nearness(text: str, option: str) -> float:
    return difflib.SequenceMatcher(a=option.lower(), b=text.lower(), autojunk=False).ratio()
