"""Reads which options an answer chooses, by named rules in a fixed order; where none fits there is no answer."""

import logging
import re
from collections.abc import Callable

from hypnos.benchmark.choice.announced import closing, declared, leading, letters_alone, marked, numbered
from hypnos.benchmark.choice.judged import all_or_none, excepted, judged, refused, true_or_false
from hypnos.benchmark.choice.reply import Reply
from hypnos.benchmark.choice.texts import listed, option_text
from hypnos.benchmark.items import Item
from hypnos.benchmark.letters import sorted_letters

log = logging.getLogger(__name__)

VERSION = 2
"""Raised when a rule changes what is read; the signature of every accuracy says which rules read its letters."""

WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20, 0x2236: 0x3A}
TURN_END = re.compile(r"</s>|<\|[^|>]{1,40}\|>|<eos>|<end_of_turn>|\[/?INST\]")
MARKDOWN = re.compile(r"\*+|`+|^\s*#+\s*|^\s*>\s*|\$|__", re.MULTILINE)
NEXT_QUESTION = re.compile(
    r"\n\s*(?:问题|题目|问|用户|病人|患者提问|下一题|例题|以下是|下面是|Question|Q|Human|User|Instruction)\s*\d*\s*(?:[:：]|一?道|\n)"
)
"""Where a model that does not stop goes on with a question of its own."""


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
    reply = _clean(answer, item)
    for name, rule in RULES.items():
        letters = rule(reply)
        if letters is None:
            continue
        if not set(letters) <= item.options.keys():
            letters, name = "", f"{name}, outside the options"
        chosen = sorted_letters(letters) or None
        log.debug("item %s: %s by %s", item.id, chosen, name)
        return chosen, name
    return None, "no rule fits"


def _clean(answer: str, item: Item) -> Reply:
    text = _plain(TURN_END.split(answer)[0] if TURN_END.split(answer)[0].strip() else TURN_END.sub(" ", answer))
    options = {letter: _plain(option) for letter, option in item.options.items()}
    following = NEXT_QUESTION.search(text)
    if following and text[: following.start()].strip():
        rest = text[following.start() :]
        # A model may also repeat the question it was asked before it answers.
        if _plain(item.question)[:12] not in rest:
            text = text[: following.start()]
    return Reply(text.strip(), options, negative=item.negative, multiple=item.multiple)


def _plain(text: str) -> str:
    """Half-width signs, without marks of Markdown; Roman numerals and the like stay as they are."""
    text = text.translate(WIDTH)
    text = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}", r"\1", text)
    text = MARKDOWN.sub("", text)
    return re.sub("[两兩](?=个?(?:小时|分钟|天|周|次|年|月))", "2", text)
