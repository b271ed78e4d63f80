"""Shuffles options, so that a model's liking for a letter does not count as knowledge."""

import random
import re
from dataclasses import replace

from hypnos.benchmark.items import Item
from hypnos.benchmark.letters import all_above, none_above, sorted_letters

NAMED = re.compile(r"(?<![A-Za-zＡ-Ｚ])[A-IＡ-Ｉ](?:\s*(?:[、，,+＋和与及或&/]|and|or)\s*[A-IＡ-Ｉ])+(?![A-Za-zＡ-Ｚ])")
"""Letters in a row that name other options: `A和B`, `A、C、D`, `仅A+B`."""


def fixed_letters(item: Item) -> tuple[set[str], set[str]]:
    """The letters whose options must keep their places.

    Returns:
        those that speak of all above them, and those that name letters or are named so.
    """
    whole = {letter for letter, text in item.options.items() if all_above(text) or none_above(text)}
    named: set[str] = set()
    for letter, text in item.options.items():
        bare = text.strip(" 。.;；")
        match = NAMED.search(bare)
        # "维生素A和B族" names no options: but for a few words around them the letters are all there is.
        if match and len(bare) - len(match[0]) <= 6 and _names_options(bare, match):
            others = {chr(ord(sign) - 0xFEE0) if sign > "z" else sign for sign in re.findall("[A-IＡ-Ｉ]", match[0])}
            if others <= item.options.keys() - {letter}:
                named |= {letter, *others}
    return whole, named


def _names_options(text: str, match: re.Match[str]) -> bool:
    around = text[: match.start()] + text[match.end() :]
    return not re.sub(r"[仅只即是有选项都均对正确可两者和与以上]|(?i:only|both)|\W", "", around)


def shuffle(item: Item, seed: int) -> Item:
    """Give the options other letters, and the answer with them.

    以上均是, 以上都不对, A和B and their like keep their places; what such an option names keeps its place too, and
    what stood above 以上… stays above it. The order depends on the seed and the item's id alone.
    """
    whole, named = fixed_letters(item)
    source = random.Random(f"{seed}\0{item.id}")
    origin: dict[str, str] = {}
    segment: list[str] = []
    for letter in [*item.options, ""]:
        if letter in whole or not letter:
            origin |= _permute(segment, source)
            segment = []
        if letter and letter not in whole | named:
            segment.append(letter)
        elif letter:
            origin[letter] = letter
    moved = {old: new for new, old in origin.items()}
    explanation = item.explanation
    if explanation and any(old != new for old, new in moved.items()):
        explanation = f"（所述字母为原顺序）{explanation}"
    return replace(
        item,
        options={letter: item.options[origin[letter]] for letter in item.options},
        answers=tuple(sorted_letters(moved[letter] for letter in answer) for answer in item.answers),
        explanation=explanation,
    )


def _permute(letters: list[str], source: random.Random) -> dict[str, str]:
    """By new letter, the old one."""
    return dict(zip(letters, source.sample(letters, len(letters)), strict=True))
