"""Rules that read options named by their texts."""

import re

from hypnos.benchmark.choice.lists import DRUG_STEM, read_list, text_pattern
from hypnos.benchmark.choice.reply import EDGE, WRONG, Reply

DENIED = re.compile(r"(?:不(?:是|选|应|宜|能|用|推荐|建议|首选)|非|避免|禁用|慎用|除了|无需|而不)[^,。;\n]{0,6}$")

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


def _says(reply: Reply, letter: str) -> bool:
    """Whether prose begins with an option, or says in its first or last sentence that it is, or is to be taken.

    Prose that only mentions an option is as likely to speak of what it is not.
    """
    pattern = text_pattern(reply.options[letter])
    if pattern.match(reply.text.lstrip(EDGE)):
        return True
    sentences = [sentence for sentence in re.split(r"[。!?\n]", reply.text) if sentence.strip()]
    return any(
        TAKEN.search(sentence[: match.start()])
        for sentence in (sentences[0], sentences[-1])
        for match in pattern.finditer(sentence)
    )


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
                denied = DENIED.search(before) or re.match(r"[^,。;\n]{0,6}\([A-J]?(?:项|选项)?错", left[match.end() :])
                named.setdefault(letter, []).append(bool(denied))
        # A shorter name inside a longer one is no mention of its own.
        left = text_pattern(text).sub(lambda match: "\0" * len(match[0]), left)
    if len(named) != 1:
        return "" if named else None
    letter, denials = named.popitem()
    if all(denials) and not reply.negative:
        return ""
    short = len(reply.text.strip(EDGE)) <= len(reply.options[letter]) + SHORT
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
