"""Finds where an answer takes back what it has said: 不对, 说错了, 以上答案有误, "wait, no", "scratch that"."""

import re
from collections.abc import Mapping
from itertools import pairwise

from hypnos.benchmark.choice.lists import END, read_list
from hypnos.benchmark.choice.polarity import IN_CLAUSE, OTHERS, SENTENCE, asked

BETWEEN = re.compile(r"[,。;!?\n()…—→:]+|\.+(?=\s|$)|\s-+\s")
"""Ends of clauses, finer than those of judgements: a withdrawal often stands between dashes or dots."""

_SIGH = (
    r"(?:等等|等一下|等下|稍等|慢着|且慢|哦|噢|喔|啊|呃|嗯|诶|抱歉|对不起|不好意思"
    r"|但是?|不过|可是|然而|所以|我发现|后来发现|复核后认为|经?(?:复核|检查|核对)后?)*"
)
_EARLIER = r"(?:以上|上述|上面|前面|刚才|刚刚|先前|之前|前述|原先|原|这个|这一|这|此|该|我|的)*"
_CLAIM = r"(?:答案|回答|结论|选择|判断|作答|解答|说法)"
_LETTERS = r"\s*(?:选项)?\s*[A-J]{0,6}\s*(?:项)?\s*"

TAKES_BACK = re.compile(
    rf"{_SIGH}(?:不|不是|(?:其实|实则|事实)?(?:上|却)?(?:不然|并非如此|不是这样)|不对[啊吧呀]?|不不|错了?|搞错了?|{_EARLIER}(?:说|写|看|答|选|弄|搞|算|记|填|读)(?:错|反)了?(?:题目?)?|笔误"
    rf"|{_EARLIER}{_CLAIM}{_LETTERS}(?:[也都]?是|为|并)?(?:有误|错误的?|不对的?|不正确的?|作废|错的?了?|不成立)"
    rf"|(?:以上|上述|上面|前面)?(?:全部)?作废|(?:我认为|其实|实际上)?(?:这|那)?(?:[也就]?是|显然是?|就)?(?:不对的?|错误的|错的|不正确的?|有误)"
    rf"|我?(?:要)?(?:收回|撤回|撤销){_EARLIER}{_CLAIM}?{_LETTERS}"
    rf"|{_EARLIER}(?:写|说|答|选|填)的?{_LETTERS}(?:[也都]?是|为)?(?:有误|错误的?|不对的?|不正确的?|错的?了?))"
    r"|(?:(?:hmm+|oh|sorry|wait|hold on|but|actually|well|um|uh)[\s,]*)*"
    r"(?:no|no[\s,]+wait|nope|scratch that|strike that|(?:that|this|it|which)(?:'s|\s+is|\s+was|\s+would\s+be)"
    r"\s+(?:wrong|incorrect|not\s+right|a\s+mistake|an\s+error)"
    r"|i\s+(?:was\s+wrong|misread|made\s+a\s+mistake|misspoke|take\s+(?:that|it)\s+back|take\s+back\s+[A-J])(?:\s+\w+){0,3}|let\s+me\s+correct\s+(?:myself|that|this)"
    r"|the\s+above(?:\s+answer)?\s+is\s+(?:wrong|incorrect))",
    re.IGNORECASE,
)
"""A whole clause that takes back what stands before it."""


LABEL = re.compile(r"(?<![A-Za-z])[A-J]\s*(?:选项|项)?\s*$")
"""Before a colon, a dot or brackets: 错 in `B：错` and `(B)错` is what is said of one option."""


VERDICT = re.compile(
    r"(?:[这那该此](?:个|一|种|项)?(?:选项|说法|项)?)?(?:[也就]?是|显然是?|就)?(?:不对|错误?|不正确|有误)的?|不是?的?|no|wrong"
    r"|(?:this|that|it)(?:'s|\s+is)\s+(?:wrong|incorrect|not\s+right)",
    re.IGNORECASE,
)
BEGINS = re.compile(
    r"(?:^|[。;!?]|\.(?=\s)|(?:分析|解析|解释|理由|其[他余它][^:\n]{0,4}):)[\s\-–—•·*\d]*(?!选(?!项))(?=\S)",
    re.MULTILINE,
)
"""Where what is said of an option may begin; 选A is a choice, and no subject."""
OF_A_LABEL = re.compile(r"[ \t。.!?)]*(?:[:(]\s*|\)[ \t]*:?\s*|[—-]+[ \t]*)")
STOPPED = re.compile(r"[。.?]+[ \t]*")
CORRECTED = re.compile(
    r"[ \t]*[,—-]+[ \t]*(?:应该?|当|改|而|选|是|为|(?:it's|it\s+is|should\s+be|rather|the\s+answer\s+is)\s)*[ \t]*",
    re.IGNORECASE,
)
LISTED = re.compile(r"[ \t]*[-–—•·*][ \t]+(?!.*(?:答案|结论|(?i:answer)))[^:。\n]{1,60}")
"""A line of a list, up to its colon: a name that may be an option's in another language."""
ANNOUNCED = re.compile(r"(?:答案|结论|正确[^:\n]{0,4}|选择?|(?i:answer(?:\s+is)?))\s*[:是为]?$")
"""Before an option that is the answer itself."""
LONGEST_SUBJECT = 600
"""Of a line, the characters before a verdict in which the option that it speaks of is looked for."""


def _of_one_option(text: str, gap: int, clause: tuple[int, int], options: Mapping[str, str]) -> bool:
    """Whether a verdict is what is said of one option: `A. its text：不正确`, `its text - wrong`, `its text？不`.

    Args:
        text: a cleaned answer.
        gap: where the signs before the verdict begin.
        clause: where the verdict begins and ends.
        options: text by letter.
    """
    start, end = clause
    correction = CORRECTED.match(text, end)
    instead = read_list(text, correction.end(), options) if correction else None
    if instead and END.match(text, instead.end):
        return False  # "B. 芬太尼：不对，应为C" takes B back
    line = max(text.rfind("\n", 0, gap) + 1, gap - LONGEST_SUBJECT)
    signs = text[gap:start]
    before = text[:line].strip()
    if before and ":" in signs and LISTED.fullmatch(text, line, gap):
        return True
    covered = 0
    for begin in BEGINS.finditer(text[line:gap]):
        subject = line + begin.end()
        named = read_list(text[:start], subject, options) if subject >= covered else None
        if named is None:
            continue
        covered = named.end
        if line + begin.start() and text[line + begin.start() - 1] == named.letters:
            continue  # "答案：A. 吗啡。不对": the text belongs to the letter that is announced
        more = text[named.end : gap].strip(" \t。.\"'”’」』】])")
        before_it = text[:subject].strip(" \t\n-•·*")
        earlier = bool(before_it) and not ANNOUNCED.search(before_it[-40:])
        if OF_A_LABEL.fullmatch(signs) and not re.search("[。!?]", more):
            # "B. 芬太尼，起效快——不对" at the beginning of an answer takes it back.
            return earlier or ":" in signs or "(" in signs or not (more or ")" in signs)
        whole = named.end > subject + 1 and (not more or (more.endswith(("吗", "呢", "么")) and "?" in signs))
        if earlier and whole and STOPPED.fullmatch(signs):
            return True
    return False


def split_withdrawn(text: str, options: Mapping[str, str] | None = None) -> tuple[str, str] | None:
    """Divide a text at the last clause that takes back an answer.

    Args:
        text: a cleaned answer.
        options: text by letter, cleaned in the same way: a verdict on one of them takes nothing back.

    Returns:
        What stands of the text before it, and what follows it; None where nothing is taken back. What others were said
        to answer is theirs: where that is called wrong, only it falls.
    """
    ends = [(0, 0), *((match.start(), match.end()) for match in BETWEEN.finditer(text)), (len(text), len(text))]
    for (gap, start), (end, behind) in reversed(list(pairwise(ends))):
        clause = text[start:end].strip(" \t\"'“”*")
        if not clause or not TAKES_BACK.fullmatch(clause):
            continue
        if LABEL.search(text[:gap]) and re.fullmatch(r"\s*[:.)(—-]+\s*", text[gap:start]) and VERDICT.fullmatch(clause):
            continue
        if VERDICT.fullmatch(clause) and _of_one_option(text, gap, (start, end), options or {}):
            continue
        if not text[:start].strip() and not re.search("[A-J]", clause):
            continue
        head = text[:start].rstrip(" \t\n,。;!?…—.(:-→")
        begin = max((match.end() for match in SENTENCE.finditer(head)), default=0)
        if asked(text, end):
            continue
        # What others say, what was only thought of, and what "which" refers to: that sentence falls and no more.
        of_one = OTHERS.search(head[begin:]) or IN_CLAUSE.search(head[begin:]) or clause.lower().startswith("which")
        kept = head[:begin] if of_one else ""
        return kept, text[behind:].strip(" \t\n,。;!…—.):-→")
    return None
