"""Tells whether what a clause says of an option stands: not denied, doubted, asked, conditional, or said by others."""

import re

from hypnos.benchmark.choice.reply import CLAUSE, CONDITION, WRONG

SENTENCE = re.compile(r"[。;!?\n]|\.(?=\s|$)")

NEAR = 300
"""Characters before and after an announcement that are looked at: answers may be long, clauses are not."""

JUST_BEFORE = re.compile(
    r"(?:不(?:要|能|应该?|该|可|会|宜|建议|是|再|予|考虑)?|没有?|未|别|[切请]?勿|误|错(?:误)?(?:地)?|初步(?:的)?|起初(?:的)?"
    r"|一开始(?:的)?|原来?(?:的)?|其[他余它](?:的)?|容易|往往|干扰|并?非|绝非|(?:错误|误区|陷阱|干扰项)(?:是|为|在于)"
    r"|(?i:not|n't|never|avoid|neither)\s*(?:to\s+)?)$"
)
"""Words directly before an announcement that turn it round."""

IN_CLAUSE = re.compile(
    r"不(?:认为|觉得|能认为|能说|确定|知道|清楚|同意|赞成)|很?难说|没有?把握|拿不准|不(?:太)?(?:敢|好)说|怀疑|(?:本来|原本|原|曾|一度)(?:是)?想"
    r"|(?:原|本)?以为|收回|撤回|撤销|(?i:\bwithdraw|\bretract|\btak(?:e|ing)\s+back)|避免|除非|绝不|并不"
    r"|(?i:\b(?:do|does|did)(?:n't|\s+not)\s+(?:think|believe)|\bdoubt|\b(?:could|might|may)\b|\bwhether\b|\btempted\b|\bunsure\b"
    r"|\bnot\s+sure\b|\b(?:wrong|mistake|incorrect|unwise)\s+to\b|\binitially\b|\bat\s+first\b)"
)
"""Words anywhere before an announcement, in its clause, by which it is doubted or denied."""

OTHERS = re.compile(
    r"(?:有|别|他|多数|很多|不少|许多|某些|一些)(?:的)?(?:人|同学|考生|学生|学者)|(?:同学|考生|学生|网友)(?:会|们|常|容易|选|说|认为|误)|网上|原书|原题"
    r"|(?i:\bsome\s+(?:people\s+|students\s+|authors\s+|may\s+|might\s+)?(?:say|think|choose|claim)|\b(?:many|most)\s+(?:people|students))"
)
"""Those whose answer is not the writer's."""

OF_A_SAYING = r"(?:的?(?:这一|这个|这种|那种)?(?:说法|表述|观点|看法|选项|答案|结论|选择|主张|想法|人))"

JUST_AFTER = re.compile(
    rf"\s*[\"”’」』)]*(?:选项|项)?{OF_A_SAYING}?\s*(?:[均都也更就便则]?是|为|[均都也更就便则]|显然|肯定|明显|并|\b(?:is|are|was|would\s+be)\s+|\s)*"
    rf"(?:(?:常见|典型|明显)的?)?(?:{WRONG}|不可取|不可行|不可|(?:没有|缺乏)(?:根据|依据|道理)|(?:忽略|忽视|混淆|误解|弄错)了|(?i:(?:is|are|was|were|wo|ca|does|do|did)n't\b))"
)
"""What directly after an option denies it."""

LATER_IN_CLAUSE = re.compile(
    r"(?:不(?:准确|正确|合适|恰当|合理|对|可取|成立|妥)|[是为]错(?:误)?的?|有误|(?:没有|缺乏)(?:根据|依据))\s*$"
    r"|(?i:\b(?:is|are|would\s+be)\s+(?:a\s+mistake|an\s+error|wrong|incorrect))"
)

ASKED = re.compile(r"\s*[\"”’」』)]*(?:选项|项)?\s*(?:吗|呢|么|\?)")
YES = re.compile(
    r"\s*(?:选项|项)?\s*(?:吗|呢|么)?\s*[?,.。]\s*(?:对的?|是的?|没错|正确|当然|(?i:yes|correct|right|indeed))(?![^\s,。.;!])"
)


def stands(text: str, start: int, end: int, *, negative: bool = False) -> bool:
    """Whether an announcement that reaches from `start` to `end` is the writer's own word.

    Args:
        text: a cleaned answer.
        start: where the words that announce begin.
        end: behind the options that they announce.
        negative: whether the stem asks for what is wrong: an option called wrong is then the one to choose.
    """
    near = text[max(0, start - NEAR) : start]
    before = CLAUSE.split(near)[-1]
    sentence = SENTENCE.split(near)[-1]
    if JUST_BEFORE.search(before) or IN_CLAUSE.search(before) or OTHERS.search(before) or CONDITION.search(sentence):
        return False
    if OF_SOMEONE.match(text, end):
        return False
    return not asked(text, end) and (negative or not denied_after(text, end))


def asked(text: str, end: int) -> bool:
    """Whether what ends here is a question that is not answered with yes."""
    return bool(ASKED.match(text, end)) and not YES.match(text, end)


OF_SOMEONE = re.compile(r"\s*(?:选项|项)?的(?:同学|人|考生|学生|做法|后果)")


def denied_after(text: str, end: int) -> bool:
    """Whether the clause goes on to deny what ends here."""
    rest = re.split(r"\.(?=\s)", CLAUSE.split(text[end : end + NEAR])[0])[0]
    return bool(JUST_AFTER.match(rest) or LATER_IN_CLAUSE.search(rest))
