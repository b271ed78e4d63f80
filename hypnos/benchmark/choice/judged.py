"""Rules that read options called right or wrong, one by one or all together, and answers that decline."""

import re

from hypnos.benchmark.choice.lists import read_list
from hypnos.benchmark.choice.reply import CLAUSE, CONDITION, EDGE, RIGHT, WRONG, Reply
from hypnos.benchmark.letters import all_above, none_above

REFUSAL = re.compile(
    r"(?:无法|不能|难以|没法|不便)(?:直接|给出|准确|做出|作出|提供|对此|得出)*(?:判断|确定|回答|作答|给出|答案|提供|选择|建议)"
    r"|不确定|不知道|不清楚|信息不足|没有足够|抱歉|对不起|(?i:\bcannot\b|can't|\bsorry\b|not sure|unsure|don't know)"
)

LETTER = re.compile(r"\W*(?:选项|选择|(?i:options?)\s)?\W*[A-J]")


def refused(reply: Reply) -> str | None:
    """Tell an answer that says that it gives none; rules before this one have found nothing."""
    return "" if REFUSAL.search(reply.text) else None


def judged(reply: Reply) -> str | None:
    """Read options called right or wrong: the right ones count, on a negative stem the wrong ones.

    Of several letters called so one after the other, all options must have been judged.
    """
    right: list[set[str]] = []
    wrong: list[set[str]] = []
    rest_right = False
    options = {letter: text for letter, text in reply.options.items() if len(text) > 1}
    for clause in CLAUSE.split(_spread_marks(reply.text)):
        if re.match(r"\s*(?:其余|其他|其它|余下|剩余)", clause):
            rest_right = rest_right or bool(re.search(RIGHT, clause) and not re.search(WRONG, clause))
            continue
        only = re.match(r"\s*(?:所以|因此|故|则|而|但|那么|且)?\s*(?:只有|仅有?|唯有|只)?\s*", clause)
        listing = read_list(clause, only.end() if only else 0, options)
        if (
            listing is None
            or not LETTER.match(clause, only.end() if only else 0)
            or CONDITION.search(clause)
            or re.search("可能(?!性)|也许|或许|似乎", clause[listing.end :])
        ):
            continue
        verdict = clause[listing.end : listing.end + 30]
        verdict = re.sub(r"^(?:[.:、\s]|选项|[二两三四五]?[项个])*", "", verdict)
        if re.search(WRONG, verdict, re.IGNORECASE):
            wrong.append(set(listing.letters))
        elif re.search(RIGHT, verdict, re.IGNORECASE):
            right.append(set(listing.letters))
    return _verdict(reply, right, wrong, rest_right=rest_right)


def _verdict(reply: Reply, right: list[set[str]], wrong: list[set[str]], *, rest_right: bool) -> str | None:
    """Conclude from options called right and wrong, each set by one clause."""
    sure, false = set().union(*right), set().union(*wrong)
    if sure & false:
        return ""
    if rest_right:
        sure |= reply.options.keys() - false
    every = sure | false == reply.options.keys()
    if every and reply.negative and not reply.multiple and len(reply.options) > 2 and 1 in (len(sure), len(false)):
        # On a negative stem 对 may mean that the statement holds or that the option is to be chosen: the odd one is.
        return "".join(sure if len(sure) == 1 else false)
    whole = [letter for letter, text in reply.options.items() if all_above(text)]
    if len(whole) == 1 and not reply.negative and sure >= reply.options.keys() - set(whole):
        return whole[0]
    chosen, parts = (false, wrong) if reply.negative else (sure, right)
    if not chosen or not (every or len(parts) == 1):
        return None
    # One right option was asked for and several are called right one by one: none is chosen.
    return "" if len(chosen) > 1 and len(parts) > 1 and not reply.multiple else "".join(chosen)


def _spread_marks(text: str) -> str:
    """Make a clause of each judgement in `A√ B× C√` and `ABD错C对`; `A, C and D` is one."""
    text = re.sub(r"(?<=[对错确误])(?=[A-J]{1,5}(?:项|选项)?(?:对|错|正确|不))", ";", text)
    text = re.sub(r"(?<![A-Za-z])([A-J])\s*,\s*(?=[A-J](?![A-Za-z]))", r"\1、", text)
    return re.sub(r"([√✓✔✅×✗✘❌])\s*(?=[A-J])", r"\1;", text)


def excepted(reply: Reply) -> str | None:
    """Read all but one: 除E外均正确 names the others, and on a negative stem E itself; E除外."""
    match = re.search(r"除(?:了)?", reply.text)
    listing = read_list(reply.text, match.end(), reply.options) if match else None
    if listing and re.match(r"\s*(?:之|以)?外", reply.text[listing.end :]):
        if reply.negative:
            return listing.letters
        if re.search(rf"[其均都全皆].{{0,6}}{RIGHT}", reply.text[listing.end :]):
            return "".join(reply.options.keys() - set(listing.letters))
    listing = read_list(reply.text, 0, reply.options)
    if reply.negative and listing and re.match(r"\s*除外", reply.text[listing.end :]):
        return listing.letters
    return None


def all_or_none(reply: Reply) -> str | None:
    """Read 以上均是, 全选: the option that says so, or without one every letter of an item with several right ones."""
    text = reply.text.strip(EDGE)
    for kind in (all_above, none_above):
        if not kind(text):
            continue
        letters = [letter for letter, option in reply.options.items() if kind(option)]
        if len(letters) == 1:
            return letters[0]
        return "".join(reply.options) if kind is all_above and reply.multiple else ""
    return None


def true_or_false(reply: Reply) -> str | None:
    """Read what is said of a statement whose options are 正确 and 错误."""
    words = {"正确": True, "对": True, "是": True, "错误": False, "错": False, "否": False}
    meaning = {words[text]: letter for letter, text in reply.options.items() if text in words}
    if len(reply.options) != 2 or len(meaning) != 2:
        return None
    false = bool(re.search(r"错误|不正确|不对|有误|不成立", reply.text))
    true = bool(re.search(r"(?<!不)正确|(?<!不)对的|成立|无误", reply.text))
    return meaning[true] if true != false else ""
