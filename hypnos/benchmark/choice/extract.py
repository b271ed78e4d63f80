"""Reads which options an answer chooses, by named rules in a fixed order; where none fits there is no answer."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from hypnos.benchmark.choice.announced import closing, declared, leading, letters_alone, marked, numbered
from hypnos.benchmark.choice.judged import all_or_none, excepted, judged, refused, true_or_false
from hypnos.benchmark.choice.reply import Reply
from hypnos.benchmark.choice.tables import flatten_tables
from hypnos.benchmark.choice.texts import listed, option_text
from hypnos.benchmark.choice.withdrawal import split_withdrawn
from hypnos.benchmark.items import Item
from hypnos.benchmark.letters import sorted_letters
from hypnos.corpus.simplified import simplified_signs

log = logging.getLogger(__name__)

MOST_WITHDRAWALS = 20
"""What an answer takes back more often than this is not followed any further."""

VERSION = 5
"""Raised when a rule changes what is read; the signature of every accuracy says which rules read its letters."""

WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20, 0x2236: 0x3A}
TURN_END = re.compile(r"</s>|<\|[^|>]{1,40}\|>|<eos>|<end_of_turn>|\[/?INST\]")
STRUCK = re.compile(r"~~[^~\n]*~~")
MARKDOWN = re.compile(r"\*+|`+|^\s*#+\s*|^\s*>\s*|\$|__", re.MULTILINE)
NEXT_QUESTION = re.compile(
    r"\n\s*(?:问题|题目|问|用户|病人|患者提问|下一题|例题|以下是|下面是|Question|Q|Human|User|Instruction)\s*\d*\s*(?:[:：]|一?道|\n)"
)
"""Where a model that does not stop goes on with a question of its own."""
BULLET = re.compile(r"^[ \t]*[-–—•·+][ \t]+(?=\(?[A-J](?:[\s.、:,)]|$))", re.MULTILINE)
"""The mark of a list, before a letter."""
NUMBERS = re.compile(r"(?:(?:^|[\s,;、:]+)[1-9]\s*[.、)]|\s*[,;、]?\s*(?:[①-⑨]|\([1-9]\)))\s*(?=[A-J](?![A-Za-z0-9]))")
SMALL = re.compile(r"(?:(?<=^)|(?<=[:是为选]))[ \t]*[a-j]{2,9}(?=[ \t]*[.。]?\s*$)")
"""Small letters that are all there is, or all that an announcement is followed by."""


RULES: dict[str, Callable[[Reply], str | None]] = {
    "letters alone": letters_alone,
    "marked": marked,
    "declared": declared,
    "leading letter": leading,
    "options listed": listed,
    "refused": refused,
    "judged": judged,
    "all but": excepted,
    "all or none": all_or_none,
    "true or false": true_or_false,
    "numbered": numbered,
    "option text": option_text,
    "closing letter": closing,
}
"""In the order in which they are tried; the first that fires decides."""


def extract(answer: str, item: Item) -> tuple[str | None, str]:
    """Read the letters an answer chooses.

    Args:
        answer: what counts of the model's text, without reasoning in tags.
        item: the question; its options and whether its stem is negative decide what words mean.

    Returns:
        Sorted letters, or None where the answer names no option, leaves several open, or lies outside them; and the
        name of the rule that decided. Two letters are two letters, on a single-answer item as well: that answer is
        wrong, and not the first of them.
    """
    letters, name = _read(_clean(answer, item))
    if not set(letters) <= item.options.keys():
        letters, name = "", f"{name}, outside the options"
    chosen = sorted_letters(letters) or None
    log.debug("item %s: %s by %s", item.id, chosen, name)
    return chosen, name


def _read(reply: Reply) -> tuple[str, str]:
    """Letters, "" for none, and the rule: what follows the last withdrawal counts."""
    withdrawn = False
    for _ in range(MOST_WITHDRAWALS):
        parts = split_withdrawn(reply.text, reply.options)
        if parts is None:
            break
        kept, following = parts
        letters, name = _by_rules(replace(reply, text=following))
        if letters:
            return letters, name
        withdrawn = True
        reply = replace(reply, text=kept)
    if withdrawn and not reply.text:
        return "", "taken back"
    return _by_rules(reply)


def _by_rules(reply: Reply) -> tuple[str, str]:
    for name, rule in RULES.items():
        letters = rule(reply)
        if letters is not None:
            return letters, name
    return "", "no rule fits"


def _clean(answer: str, item: Item) -> Reply:
    first = TURN_END.split(answer)[0]
    text = flatten_tables(_plain(first if first.strip() else TURN_END.sub(" ", answer)))
    options = {letter: _plain(option) for letter, option in item.options.items()}
    following = NEXT_QUESTION.search(text)
    if following and text[: following.start()].strip():
        rest = text[following.start() :]
        # A model may also repeat the question it was asked before it answers.
        if _plain(item.question)[:12] not in rest:
            text = text[: following.start()]
    text = _unnumbered(BULLET.sub("", text))
    if item.multiple:
        text = SMALL.sub(lambda run: _capitals(run[0], options), text)
    return Reply(text.strip(), options, negative=item.negative, multiple=item.multiple)


def _unnumbered(text: str) -> str:
    """Without the numbers of letters that are listed: `①B ②D`, `(1) B; (2) D`."""
    if len(NUMBERS.findall(text)) < 2:
        return text
    return NUMBERS.sub(lambda number: "\n" if "\n" in number[0] else "、", text).lstrip("、\n")


def _capitals(run: str, options: Mapping[str, str]) -> str:
    """`ac` of several as `AC`: letters of options, once each and in their order; any other word stays."""
    letters = run.strip().upper()
    return letters if set(letters) <= options.keys() and list(letters) == sorted(set(letters)) else run


def _plain(text: str) -> str:
    """Half-width signs, without marks of Markdown; Roman numerals and the like stay as they are."""
    text = text.translate(WIDTH)
    text = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}", r"\1", text)
    text = MARKDOWN.sub("", STRUCK.sub("", text)).translate(_simplified())
    return re.sub("[两兩](?=个?(?:小时|分钟|天|周|次|年|月))", "2", text)


@cache
def _simplified() -> dict[int, int]:
    return {ord(sign): ord(plain) for sign, plain in simplified_signs().items()}
