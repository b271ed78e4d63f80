"""Rules that read options called right or wrong, one by one or all together, and answers that decline."""

import re
from dataclasses import dataclass

from hypnos.benchmark.choice.lists import read_list
from hypnos.benchmark.choice.polarity import asked
from hypnos.benchmark.choice.reply import CLAUSE, CONDITION, EDGE, RIGHT, WRONG, Reply
from hypnos.benchmark.letters import all_above, none_above

REFUSAL = re.compile(
    r"(?:无法|不能|难以|没法|不便)(?:直接|给出|准确|做出|作出|提供|对此|得出)*(?:判断|确定|回答|作答|给出|答案|提供|选择|建议)"
    r"|不确定|不知道|不清楚|信息不足|没有足够|抱歉|对不起|没有?把握|拿不准"
    r"|(?i:\bcannot\b|can't|\bsorry\b|not sure|unsure|don't know|no idea)"
)

LETTER = re.compile(r"\W*(?:选项|选择|(?i:options?)\s)?\W*[A-J]")


ONLY_VERDICT = re.compile(
    rf"\s*(?:[是为均都也]|\b(?:is|are)\b|\s)*(?:{WRONG}|{RIGHT})(?:的|答案|选项|[\s.])*", re.IGNORECASE
)
"""All that may follow an option which is named by its text alone."""

TAKEN_OUT = re.compile(
    r"(?:不(?:应该?|会|可能|能|再|宜)?(?:是|选择?|为)|并?非|绝非|排除(?:掉|了)?|去掉|删[去除]|剔除|(?i:\brule(?:d)?\s+out|\beliminate|\bexclude|\brather\s+than|\bnot(?:\s+be)?|\bnone\s+of))"
    r"\s*(?:选项|(?i:options?\s+))?\s*(?=[A-J](?![A-Za-z]{2}))"
)
"""Before options that are denied or left out."""

LEAD = re.compile(
    r"[\s•*①-⑨-]*(?:我?个?人?(?:认为|觉得)|所以|因此|故|则|而|但|那么|且|显然|然而|其实|虽然|此外|另外|同时|还有|以及|(?i:(?:but|and|so|thus|hence|while|although|therefore|here)\b))*\s*"
    r"(?:只有|仅有?|唯有|只|(?i:(?:only|both|options?|choices?)\b))?\s*"
)
ALSO, TOO = re.compile("此外|另外|同时|还有|以及"), re.compile(r"^也|\b(?:too|also|as\s+well)\b", re.IGNORECASE)
"""By which a clause goes on with what the one before called right."""
SHORT_YES = re.compile(r"yes\b|true\b", re.IGNORECASE)
SHORT_NO = re.compile(r"no\b|false\b", re.IGNORECASE)


def refused(reply: Reply) -> str | None:
    """Tell an answer that says that it gives none; rules before this one have found nothing."""
    return "" if REFUSAL.search(reply.text) else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one clause calls right or wrong.

    Attributes:
        letters: the options.
        right: or else wrong.
    """

    letters: frozenset[str]
    right: bool


def judgements(reply: Reply) -> tuple[list[Judgement], bool]:
    """Every clause that begins with options and calls them right or wrong, and whether the rest is called right."""
    found: list[Judgement] = []
    rest_right = False
    options = {letter: text for letter, text in reply.options.items() if len(text) > 1}
    for clause in CLAUSE.split(_spread_marks(reply.text)):
        if re.match(r"\s*(?:其余|其他|其它|余下|剩余)", clause):
            rest_right = rest_right or bool(re.search(rf"{RIGHT}|[都全均]选", clause) and not re.search(WRONG, clause))
            continue
        begin = LEAD.match(clause)
        start = begin.end() if begin else 0
        listing = read_list(clause, start, options)
        if (
            listing is None
            or listing.hedged
            or not (LETTER.match(clause, start) or ONLY_VERDICT.fullmatch(clause, listing.end))
            or CONDITION.search(clause)
            or re.search("可能(?!性)|也许|或许|似乎", clause[listing.end :])
        ):
            continue
        # A line that begins with another option is about that one.
        verdict = re.split(r"\n\s*(?=[A-J](?![A-Za-z]))", clause[listing.end : listing.end + 30])[0]
        verdict = re.sub(r"^(?:[.:、\s—-]|选项|[二两三四五]?[项个])*", "", verdict)
        if re.search(WRONG, verdict, re.IGNORECASE) or SHORT_NO.match(verdict):
            found.append(Judgement(frozenset(listing.letters), right=False))
        elif re.search(RIGHT, verdict, re.IGNORECASE) or SHORT_YES.match(verdict):
            also = reply.multiple and (ALSO.search(clause[:start]) or TOO.search(verdict))
            earlier = found.pop().letters if also and found and found[-1].right else frozenset()
            found.append(Judgement(earlier | frozenset(listing.letters), right=True))
    return found, rest_right


def called_wrong(reply: Reply) -> frozenset[str]:
    """Options that a clause calls wrong and none calls right, where the stem asks for what is right."""
    if reply.negative:
        return frozenset()
    found, _ = judgements(reply)
    for denial in TAKEN_OUT.finditer(reply.text):
        listing = read_list(reply.text, denial.end(), reply.options)
        if listing and not asked(reply.text, listing.end):
            found.append(Judgement(frozenset(listing.letters), right=False))
    right = [judgement.letters for judgement in found if judgement.right]
    return frozenset().union(*(judgement.letters for judgement in found if not judgement.right)) - frozenset().union(
        *right
    )


def judged(reply: Reply) -> str | None:
    """Read options called right or wrong: the right ones count, on a negative stem the wrong ones.

    Of several letters called so one after the other, all options must have been judged.
    """
    found, rest_right = judgements(reply)
    right = [set(judgement.letters) for judgement in found if judgement.right]
    wrong = [set(judgement.letters) for judgement in found if not judgement.right]
    return _verdict(reply, right, wrong, rest_right=rest_right and bool(wrong))


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
    """Make a clause of each judgement in `A√ B× C√`, `（A）对（B）错`, `A，错误；B，正确`; `A, C and D` is one."""
    text = re.sub(
        r"(?<![A-Za-z])\(\s*([A-J]{1,5})\s*\)(?=\s*(?:项|选项)?\s*[:,]?\s*(?:对|错|正确|不|有误|符合|wrong|right|(?:in)?correct))",
        r";\1",
        text,
    )
    text = re.sub(r"\b(wrong|right|correct)\s+(?=[;(]?\s*[A-J]\)?\s+(?:wrong|right|(?:in)?correct))", r"\1;", text)
    text = re.sub(r"(?<![A-J])\s(?:and|while|but|whereas)\s+(?=[A-J]\s+is\b)", ";", text)
    text = re.sub(r"\.\s*(?=[A-J]{1,5}\s*(?:项|选项)?\s*(?:is|are|错|对|正确|不))", ";", text)
    text = re.sub(r"[,:—-]+\s*(?=(?:错误?|正确|不正确|不对|有误|(?:in)?correct|wrong)\s*(?:[。;,\n.]|$))", ": ", text)
    text = re.sub(r"\s*\(\s*([√✓✔✅×✗✘❌]|对|错误?|正确|不对|不正确|wrong|correct|incorrect)\s*\)", r" \1;", text)
    text = re.sub(
        r"(?<![A-Za-z])([A-J])\s*[,:—-]+\s*(?=(?:说法)?(?:错|正确|对(?!比|照|于|应)|不对|不正确|有误|不?符合))",
        r"\1 ",
        text,
    )
    text = re.sub(r"\.\s+(?=(?:In)?correct\s*:)", ";", text)
    text = re.sub(r":\s*(?=\(?[A-J](?![A-Za-z]))", ";", text)
    text = re.sub(
        r"(?<=[对错确误])\s*(?=[A-J]{1,5}(?![A-Za-z])\s*(?:项|选项)?(?:说法)?\s*(?:对|错|正确|不|有误|符合))", ";", text
    )
    text = re.sub(r"(?<![A-Za-z、])([A-J])\s*,\s*(?=[A-J](?![A-Za-z]|\s+is\b))", r"\1、", text)
    text = re.sub(r"([A-J])\s*[:?-]\s*(yes|no)\b\.?", r"\1: \2;", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[a-z])\.(?=\s+(?:Option\s+)?[A-J]\b)", ";", text)
    return re.sub(r"([√✓✔✅×✗✘❌])\s*(?=[A-J])", r"\1;", text)


def excepted(reply: Reply) -> str | None:
    """Read all but one: 除E外均正确 names the others, and on a negative stem E itself; E除外."""
    match = re.search(r"\b(?:all|everything)\s+(?:but|except(?:\s+for)?)\b", reply.text, re.IGNORECASE)
    listing = read_list(reply.text, match.end(), reply.options) if match else None
    if listing and reply.multiple and not reply.negative:
        return "".join(reply.options.keys() - set(listing.letters))
    match = re.search(r"除(?:了)?", reply.text)
    listing = read_list(reply.text, match.end(), reply.options) if match else None
    if listing and re.match(r"\s*(?:项|选项)?\s*(?:[之以]?外|,)", reply.text[listing.end :]):
        if reply.negative:
            return listing.letters
        if re.search(rf"[其均都全皆].{{0,6}}{WRONG}", reply.text[listing.end :]):
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
