"""Finds where an answer takes back what it has said: 不对, 说错了, 以上答案有误, "wait, no", "scratch that"."""

import re
from itertools import pairwise

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


VERDICT = re.compile(r"(?:不对|错误?|不正确|有误|不是?|no|wrong)的?", re.IGNORECASE)


def split_withdrawn(text: str) -> tuple[str, str] | None:
    """Divide a text at the last clause that takes back an answer.

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
