"""Rules that read options named by their texts."""

import re

from hypnos.benchmark.choice.judged import called_wrong
from hypnos.benchmark.choice.lists import DRUG_STEM, read_list, text_pattern
from hypnos.benchmark.choice.polarity import IN_CLAUSE, asked, denied_after
from hypnos.benchmark.choice.reply import CLAUSE, EDGE, RIGHT, WRONG, Reply

DENIED = re.compile(
    r"(?:不(?:是|要|选|应|宜|能|用|可|推荐|建议|首选)|非|[切请]?勿|避免|禁用|慎用|除了|无需|而不|(?i:\bnot\b|n't\b|\bnever\b|\bavoid\b))[^,。;\n]{0,10}$"
)
COMPARED = re.compile(r"(?:相比|比起|不同于|compared\s+(?:with|to))\s*\0|\0\s*(?:等药物|等)?(?:相比|不同|类似|相似)")
"""Beside an option that is only compared with; NUL stands for the option."""
FOLLOWED_BY_DENIAL = re.compile(
    r"[^。;\n]{0,24}(?:因此|故|所以|从而|应)?(?:不宜|不应|不可|不能|不推荐|不适[合宜用]|禁用|慎用|避免|不合适)(?:使用|选用|选择|用|选)?\s*[。;.]?\s*$"
    r"|[^。;\n]{0,24},\s*(?:但|却|然而|可)?(?:是)?(?:也|都|并)?(?:不是|不属于|并非|不符合|错误|不对|有误)"
    r"|(?i:\s*(?:is|are|was|would|will|does|do|did|can|could|should)\s*(?:not|n't)\b|[^.]{0,30}\bis\s+(?:safe|wrong|incorrect)\b)"
)
"""What the sentence says after an option by which it is set aside."""

SHORT = 12
"""Characters that may stand beside an option's text before an answer counts as prose."""

TAKEN = re.compile(
    r"(?:[是为选即]|(?<![顺反效适供响])应[当该予用输行]?|[使可宜]?用|给予?|予以?|输注?|注射|静注|肌注|推荐|\b(?:is|are|be|use|give|with))[^,。;\n不非无]{0,12}$"
)


def listed(reply: Reply) -> str | None:
    """Read nothing but options with their texts, or texts alone; all of them are the question again, and no answer."""
    listing = read_list(reply.text.lstrip(" \n-•"), 0, reply.options) if "\n" not in reply.text else None
    letters = "" if listing is None or reply.text.lstrip(" \n-•")[listing.end :].strip(EDGE) else listing.letters
    if not letters:
        lines = [line.strip(" \t-•") for line in re.split(r"[\n;]", reply.text) if line.strip(" \t-•")]
        for line in lines:
            part = read_list(line, 0, reply.options)
            if part is None or line[part.end :].strip(EDGE):
                return None
            letters += part.letters
    if set(letters) == reply.options.keys() and len(letters) > 1 and len(reply.text) > 4 * len(letters):
        return ""
    return letters or None


ABOUT = re.compile(
    r"\s*(?:属于|是一?[种类个]|可以?(?!选)|能|会|常(?!用的是)|多|主要|作用|的|与|和|及|也|具有|通过|阻断|抑制|兴奋|激动|增|减|加快|减慢|引起|导致"
    r"|(?i:is\s+an?\s|can\b|may\b|has\b|works?\b|acts?\b|causes?\b|and\b))"
)
"""After an option's text: what is said of it, and not that it is chosen."""


def _says(reply: Reply, letter: str) -> bool:
    """Whether prose begins with an option, or says in its first or last sentence that it is, or is to be taken.

    Prose that only mentions an option is as likely to speak of what it is not.
    """
    pattern = text_pattern(reply.options[letter])
    begins = pattern.match(reply.text.lstrip(EDGE))
    if begins and not ABOUT.match(reply.text.lstrip(EDGE), begins.end()):
        return True
    sentences = [sentence for sentence in re.split(r"[。!?\n]", reply.text) if sentence.strip()]
    return any(
        TAKEN.search(sentence[: match.start()])
        for sentence in (sentences[0], sentences[-1])
        for match in pattern.finditer(sentence)
    )


def _denied(text: str, start: int, end: int) -> bool:
    """Whether an option's text stands under a denial, before it or after it."""
    before, after = re.split(r"\bbut\b|而是|而选", text[:start])[-1], text[end:]
    return bool(
        DENIED.search(before)
        or COMPARED.search(before[-12:] + "\0" + after[:8])
        or IN_CLAUSE.search(CLAUSE.split(before)[-1])
        or re.match(r"[^,。;\n]{0,6}\([A-J]?(?:项|选项)?错", after)
        or denied_after(text, end)
        or asked(text, end)
        or FOLLOWED_BY_DENIAL.match(re.split(r"[。\n]", after)[0])
    )


def _only_one_not_denied(reply: Reply, named: dict[str, list[bool]]) -> str | None:
    """Of several named in a short answer, the one that is not denied: `Sevoflurane, not ketamine`."""
    left = [letter for letter, denials in named.items() if not all(denials)]
    length = sum(len(reply.options[letter]) for letter in named)
    compared = re.search("[与和同跟].{1,30}(?:相比|不同|类似|相似)|相比|不同于|compared", reply.text)
    if len(left) != 1 or reply.negative or reply.multiple or compared:
        return None
    return left[0] if len(reply.text.strip(EDGE)) <= length + SHORT or _says(reply, left[0]) else None


def option_text(reply: Reply) -> str | None:
    """Read the one option whose text stands in the answer; on a negative stem, beside words that turn round.

    In an answer that speaks of several options, none is chosen by its text.
    """
    if any(len(text) < 2 for text in reply.options.values()):
        return None
    left = reply.text
    named: dict[str, list[bool]] = {}
    for letter, text in sorted(reply.options.items(), key=lambda pair: -len(pair[1])):
        for match in text_pattern(text).finditer(left):
            before = left[: match.start()]
            if not DRUG_STEM.search(before):
                named.setdefault(letter, []).append(_denied(left, match.start(), match.end()))
        # A shorter name inside a longer one is no mention of its own.
        left = text_pattern(text).sub(lambda match: "\0" * len(match[0]), left)
    if len(named) > 1:
        return _only_one_not_denied(reply, named)
    if not named:
        return None
    letter, denials = named.popitem()
    if reply.negative and all(
        re.match(rf"[^,。;\n]{{0,4}}{RIGHT}", reply.text[match.end() :])
        for match in text_pattern(reply.options[letter]).finditer(reply.text)
    ):
        return None
    if (all(denials) or letter in called_wrong(reply)) and not reply.negative:
        return None
    begins = text_pattern(reply.options[letter]).match(reply.text.lstrip(EDGE))
    about = begins is not None and bool(ABOUT.match(reply.text.lstrip(EDGE), begins.end()))
    short = len(reply.text.strip(EDGE)) <= len(reply.options[letter]) + SHORT and not about
    if not short and not reply.negative and (reply.multiple or not _says(reply, letter)):
        return ""
    if reply.negative and not short:
        clauses = [
            clause for clause in re.split("[,。;\n]", reply.text) if text_pattern(reply.options[letter]).search(clause)
        ]
        if not any(re.search(rf"{WRONG}|除", clause) for clause in clauses) and not re.search(
            "其[余他它][^,。]{0,6}[均都皆项]", reply.text
        ):
            return ""
    return letter
