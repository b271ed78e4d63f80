"""Rules that read letters which stand for an answer by their place, or by words that announce them."""

import re
from collections.abc import Mapping

from hypnos.benchmark.choice.lists import END, UNIT, read_list
from hypnos.benchmark.choice.reply import CLAUSE, CONDITION, EDGE, WRONG, Reply

CUE = re.compile(
    r"(?P<final>最[终后](?:的)?(?:答案|选择)?|(?i:final\s+answer))"
    r"|(?P<answer>(?:正[确確]的?)?答案|正解|结论|(?i:\banswers?\b|\bans\b)|答(?=\s*[:：]|\s*[A-J](?![A-Za-z]))|(?:正确|最佳|最优|标准|应选)的?(?:选项|选择|一项)"
    r"|(?i:\b(?:correct|best|right)\s+(?:options?|choices?)))"
    r"|(?P<right>(?:正确|符合|最(?:可能|合适|恰当|佳|符合题意)|首选|合理)[^,。;\n:A-J]{0,10}?的?[^,。;\n:A-J]{0,4}?(?:是|为|有)(?!误))"
    r"|(?P<wrong>(?:错误|不正确|有误|不属于|不包括|不是|不宜|不应|不符合|不对|不能|不妥|除外|无关|不需)[^,。;\n:A-J]{0,14}?"
    r"(?:的|项|者)[^,。;\n:A-J]{0,6}?(?:是|为|有|:))"
    r"|(?P<choose>(?<![不误错漏候备必多单])[选選](?!项|項|择题|擇題)(?:择|擇|出|定|取)?|倾向于|(?i:\b(?:choose|pick|select|go\s+with)\b))"
)

FILLER = re.compile(
    r"\s*(?:[.:=\]】)\"”>]|\s)*(?:应该|应当|应|该|就|显然|无疑|自然|只能|可能)*"
    r"(?:是|为|為|有|如下|定为|即|选择|选|選|is|are|should be|would be|be)?"
    r"(?:选项|选择|选|以下|the\s+|option\s+|choice\s+)?[\s:=\"'“]*"
)

BEFORE = re.compile(
    r"(?:不(?:要|能|应|该|可|会|宜|建议|是)?|没有?|未|别|勿|切勿|误|错(?:误)?(?:地)?|初步(?:的)?|起初(?:的)?|一开始(?:的)?"
    r"|原来?(?:的)?|其[他余它](?:的)?|容易|往往|有人(?:会)?|很多人|不少人|考生|同学|干扰|(?i:not|n't|never)\s*)$"
)

ENUMERATED = re.compile(r"^[ \t]*[-•]?[ \t]*\(?([A-J])[ \t]*[).、:,\s(]", re.MULTILINE)


def letters_alone(reply: Reply) -> str | None:
    """Read an answer that is nothing but letters: `B`, `(b)`, `B、D`, `A` on one line and `C` on the next."""
    text = re.sub(r"^\d+\s*[.、]\s*", "", reply.text).strip(EDGE)
    text = re.sub(r"(?<=[A-J])\s*[二两三四五六七八九][项个]$", "", text)
    if re.fullmatch(r"[a-j](?:[\s,、]+[a-j]){0,8}", text):
        text = text.upper()
    if not text or re.search(r"[^A-J\s,、;/+&和与及以and选项择\"'“”()\[\]【】~\-–—到至.。]", text):
        return None
    # "E. B和C" is one option where that is its text.
    return _complete(text, reply.options) or _complete(re.sub("[。.]", " ", text), {})


def _complete(text: str, options: Mapping[str, str]) -> str | None:
    listing = read_list(text, 0, options)
    if listing is None or text[listing.end :].strip(EDGE):
        return None
    letters = listing.letters
    # One letter again and again is that letter; a circling alphabet is no answer.
    return letters if len(set(letters)) in (1, len(letters)) else ""


def marked(reply: Reply) -> str | None:
    r"""Read an answer in a mark made for it: `\boxed{B}`, `<answer>B</answer>`, `{"answer": ["A", "C"]}`."""
    marks = re.findall(
        r"\\boxed\s*\{([^{}]*)\}|<(?:answer|答案)>(.*?)</|[\"'](?:answer|答案|choice|选项)[\"']\s*:\s*(\[[^\]]*\]|[\"'][^\"']*[\"'])",
        reply.text,
        re.IGNORECASE | re.DOTALL,
    )
    if not marks:
        return None
    inside = next(part for part in marks[-1] if part) if any(marks[-1]) else ""
    return letters_alone(Reply(inside, reply.options, reply.negative, reply.multiple))


def declared(reply: Reply) -> str | None:
    """Read an option after words that announce it: 答案是B, 故选B, 错误的是B on a negative stem, the answer is B."""
    last: str | None = None
    final = False
    for cue in CUE.finditer(reply.text):
        kind = cue.lastgroup
        # 正确的是B answers no question for what is wrong, nor 错误的是B one for what is right.
        if (kind == "right" and reply.negative) or (kind == "wrong" and not reply.negative):
            continue
        filler = FILLER.match(reply.text, cue.end())
        starts = {cue.end(), filler.end() if filler else cue.end()}
        lists = [
            listing
            for start in sorted(starts, reverse=True)
            if (listing := read_list(reply.text, start, reply.options))
        ]
        if not lists or _set_aside(reply, cue.start(), lists[0].end):
            continue
        if final and kind != "final":
            continue
        final = final or kind == "final"
        last = "" if lists[0].hedged else lists[0].letters
    return last


def _set_aside(reply: Reply, start: int, end: int) -> bool:
    """Whether an announcement is denied, conditional, or of others."""
    before = CLAUSE.split(reply.text[:start])[-1]
    sentence = re.split(r"[。;!?\n]", reply.text[:start])[-1]
    if BEFORE.search(before) or CONDITION.search(sentence) or re.match(r"\s*吗", reply.text[end:]):
        return True
    after = CLAUSE.split(reply.text[end:])[0]
    denied = re.match(rf"\s*(?:选项|项)?(?:的?(?:说法|表述))?(?:[均都]?是|为|[均都]|is\s+)?{WRONG}", after)
    doubted = re.search("(?:不(?:准确|正确|合适|恰当|合理|对)|是错误的|有误)\\s*$", after)
    return bool(denied or doubted) and not reply.negative


def leading(reply: Reply) -> str | None:
    """Read an option that begins the answer, before reasons: `B，因为…`, `A. its text`."""
    begin = len(reply.text) - len(reply.text.lstrip(EDGE.replace("(", "").replace("[", "").replace("【", "")))
    listing = read_list(reply.text, begin, reply.options)
    if listing is None or not re.match(r"\W*(?:选项)?[A-J](?![A-Za-z0-9])", reply.text[begin:]):
        return None
    if listing.hedged:
        return ""
    rest = reply.text[listing.end :]
    alone = re.match(r"[ \t]*[.。]?[ \t]*\n", rest)
    own = not re.fullmatch(r"\W*(?:选项)?[A-J]\W*(?:选项|项)?", reply.text[begin : listing.end])
    if (own or not alone) and len(set(ENUMERATED.findall(reply.text))) > 1 and "\n" in reply.text:
        return None
    if re.match(rf"[\s:,—-]*(?:选项|项)?(?:是|为|is\s+)?{WRONG}", rest) and not reply.negative:
        return None
    others = set(re.findall(UNIT, rest)) - set(listing.letters)
    if own and len(listing.letters) == 1 and (not others or END.match(rest)):
        return listing.letters
    if alone or re.match(r"\s*(?:$|[。.,;:])", rest) or (re.match(r"\s*\(", rest) and not others):
        return listing.letters
    return None


def numbered(reply: Reply) -> str | None:
    """Read an option named by its number: 第二个选项, 第二项."""
    # "第二个孩子" is none: the word 选项 stands there, the answer is announced, or little else is said.
    pattern = r"第([一二三四五六七八九])(?:个?选项|[项个])"
    cues = (
        r"第([一二三四五六七八九])个?选项|(?:[选為为是]|答案)[^,。;\n]{0,3}第([一二三四五六七八九])[项个](?=[,。;\s]|$)"
    )
    if len(reply.text.strip(EDGE)) > 8:
        numbers = {"".join(parts) for parts in re.findall(cues, reply.text)}
    else:
        numbers = set(re.findall(pattern, reply.text))
    if len(numbers) != 1:
        return None
    position = "一二三四五六七八九".index(numbers.pop())
    return list(reply.options)[position] if position < len(reply.options) else ""


def closing(reply: Reply) -> str | None:
    """Read a last clause that is an option and a word or two, such as 毫无疑问，D or 只剩下B."""
    clauses = [clause.strip(EDGE) for clause in re.split(r"[,。;!?:\n(]", reply.text)]
    last = next((clause for clause in reversed(clauses) if clause), "")
    match = re.fullmatch(r"([^A-Za-z]{0,8})\s*(.*)", last)
    if (
        not match
        or CONDITION.search(reply.text)
        or re.search(r"可能|或|不|非|没|未|例如|比如|以及|包括|除|[在从]|误", match[1])
    ):
        return None
    if re.search("(?<!不)正确|符合" if reply.negative else "错", match[1]):
        return None
    listing = read_list(last, match.start(2), {})
    return listing.letters if listing and not last[listing.end :].strip(EDGE) else None
