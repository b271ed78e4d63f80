"""Rules that read letters which stand for an answer by their place, or by words that announce them."""

import re
from collections.abc import Mapping

from hypnos.benchmark.choice.judged import called_wrong, judgements
from hypnos.benchmark.choice.lists import END, NO_REMARK, UNIT, ListedOptions, read_list
from hypnos.benchmark.choice.polarity import YES, asked, denied_after, stands
from hypnos.benchmark.choice.reply import CONDITION, EDGE, WRONG, Reply

CUE = re.compile(
    r"(?P<corrected>(?:更正|订正|修正|修改|纠正)(?:后|后的|过的|如下|[\s:→—-])*(?:[答案选项结论]{2})?(?:[是为成:]|(?=\s*[A-J]))|(?:应|现|应当|应该|重新)?(?:改|改正|更正|修正|订正|修改)"
    r"(?:[答案]{2})?(?:为|成|选|填)|以(?=\s*(?:选项)?\s*[A-J]{1,6}\s*(?:项)?为准)|(?i:\b(?:correction|corrected(?:\s+answer)?|revised(?:\s+answer)?)\s*:|\bi\s+mean[t]?\b|\b(?:actually|on\s+reflection|on\s+second\s+thought|wait|make\s+that|hold\s+on)\b[\s,:]*(?:it(?:'s|\s+is|\s+should\s+be)\s+)?(?=[A-J](?:[\s.,;!]|$))))"
    r"|(?P<final>最[终后](?:的)?(?:答案|选择)?|(?i:final\s+answer))"
    r"|(?P<answer>(?:正[确確]的?)?答案|正解|结论|(?i:\banswers?\b|\bans\b)|(?:我的|个人)?(?:判断|意见|看法|推断)(?=[是为:])|答(?=\s*[:：]|\s*[A-J](?![A-Za-z]))|(?:正确|最佳|最优|标准|应选)的?(?:选项|选择|一项)"
    r"|(?i:\b(?:correct|best|right)\s+(?:options?|choices?|ones?|responses?)|\bcorrect(?=\s*:)))"
    r"|(?P<right>(?:正确|符合|最(?:可能|合适|恰当|佳|符合题意)|首选|合理)[^,。;\n:A-J]{0,10}?的?[^,。;\n:A-J]{0,4}?(?:是|为|有)(?!误))"
    r"|(?P<wrong>(?:错误|不正确|有误|不属于|不包括|不是|不宜|不应|不符合|不对|不能|不妥|除外|无关|不需)[^,。;\n:A-J]{0,14}?"
    r"(?:的|项|者)[^,。;\n:A-J]{0,6}?(?:是|为|有|:))"
    r"|(?P<choose>(?<![不误错漏候备必多单])[选選](?!项|項|择题|擇題)(?:择|擇|出|定|取)?|倾向于|而是|即(?=\s*[A-J]{1,6}\s*(?:$|[。.,;!)\n]))|(?:应该?|应当)(?:是|为)(?=\s*(?:选项)?[A-J]{1,6}\s*(?:项|选项)?\s*(?:$|[。.,;!)\n]))|(?<![A-Za-z])(?=[A-J](?:项|选项)?\s*更(?:为|加)?(?:合适|恰当|准确|合理|好|佳|符合|适合|贴切))|(?i:\b(?:choose|pick|select|go(?:ing)?\s+(?:with|for)|opt(?:ing)?\s+for)\b))"
)

FILLER = re.compile(
    r"\s*(?:[.:=\]】)\"”>]|\s)*(?:应该|应当|应|该|就|显然|无疑|自然|只能|可能)*"
    r"(?:是|为|為|有|包括|包含|如下|定为|即|选择|选|選|is|are|should be|would be|must be|has to be|was|be)?"
    r"(?:选项|选择|选|以下|the\s+|option\s+|choice\s+)?[\s:=\"'“]*"
)

MARK = re.compile(
    r"\\boxed\s*\{([^{}]*)\}|<(?:answer|答案)>(.*?)</(?:answer>|答案>)?"
    r"|[\"'](?:answer|答案|choice|选项)[\"']\s*:\s*(\[[^\]]*\]|[\"'][^\"']*[\"'])",
    re.IGNORECASE | re.DOTALL,
)
BETWEEN_MARKS = re.compile(r"(?:[\s,、;/+&|•-]|和|与|以?及|还有|\band\b)*")
LIST_MARK = re.compile(r"(?<=\n)[ \t]*(?:[-–—•·*][ \t]+)?")
NEXT_LINE = re.compile(r"[^\n]*(?:\n[ \t]+[^\n]*)*\n\s*?(?:[-–—•·*][ \t]+)?(?=\S)")
"""What is said of an option to the end of its line, the indented lines below it, and the mark of the next."""

LATIN_LEAD = re.compile(
    r"((?:.{0,60}\bnot\b.{0,40}\bbut\s+|.{0,80}\bleaving\s+|.{0,40}\bon\s+(?:reflection|second\s+thought)[\s,]*)?"
    r"(?:(?:so|thus|hence|therefore|then|but|only|just|rather|definitely|clearly|obviously|certainly|of\s+(?:these|those)|it(?:'s|\s+is|\s+should\s+be|\s+must\s+be)|must\s+be|i\s+(?:choose|pick|say))\b[\s,]*)*)"
    r"(?=[A-J](?![A-Za-z]))",
    re.IGNORECASE,
)
"""Before a last letter in English: "so", "it's", "not A but", "leaving"."""

ENUMERATED = re.compile(r"^[ \t]*[-•]?[ \t]*\(?([A-J])[ \t]*[).、:,\s(]", re.MULTILINE)


def letters_alone(reply: Reply) -> str | None:
    """Read an answer that is nothing but letters: `B`, `(b)`, `B、D`, `A` on one line and `C` on the next."""
    text = re.sub(r"^\d+\s*[.、]\s*", "", reply.text).strip(EDGE)
    text = re.sub(r"^(?:both|only|just)\s+", "", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[A-J])\s*[二两三四五六七八九][项个]$", "", text)
    if re.fullmatch(r"[a-j](?:[\s,、]+[a-j]){0,8}", text):
        text = text.upper()
    if not text or re.search(r"[^A-J\s,、;/+&和与及以and选项择还有|\"'“”()\[\]【】~\-–—到至.。]", text):
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
    table = _truth_table(reply)
    if table is not None:
        return table
    marks = list(MARK.finditer(reply.text))
    if not marks:
        return None
    # Several right options in a mark each, one directly behind the other; of other marks the last counts.
    first = len(marks) - 1
    while (
        reply.multiple and first and BETWEEN_MARKS.fullmatch(reply.text, marks[first - 1].end(), marks[first].start())
    ):
        first -= 1
    inside = [next(filter(None, mark.groups()), "").strip() for mark in marks[first:]]
    if not all(re.fullmatch("[A-Ja-j]", part) for part in inside):
        inside = inside[-1:]
    each = "、".join(dict.fromkeys(inside))
    return letters_alone(Reply(each, reply.options, reply.negative, reply.multiple))


def _truth_table(reply: Reply) -> str | None:
    """Letters that an object calls true: `{"A": true, "B": false}`; of one that was asked for only one."""
    said = dict(re.findall(r"[\"']([A-J])[\"']\s*:\s*(true|false)\b", reply.text, re.IGNORECASE))
    true = "".join(letter for letter, value in said.items() if value.lower() == "true")
    # On a negative stem true may mean that the statement holds, or that the option is to be chosen.
    if len(said) < 2 or not true or reply.negative or (len(true) > 1 and not reply.multiple):
        return None
    return true


def declared(reply: Reply) -> str | None:
    """Read an option after words that announce it: 答案是B, 故选B, 错误的是B on a negative stem, the answer is B.

    The last announcement that stands counts; after one that is called final, only another such, or a correction. Of
    options that the answer itself calls wrong, none is announced.
    """
    last: str | None = None
    final = False
    wrong = called_wrong(reply)
    for cue in CUE.finditer(reply.text):
        kind = cue.lastgroup
        # 正确的是B answers no question for what is wrong, nor 错误的是B one for what is right.
        if (kind == "right" and reply.negative) or (kind == "wrong" and not reply.negative):
            continue
        listing = _announced(reply, cue)
        if listing is None or not stands(reply.text, cue.start(), listing.end, negative=reply.negative):
            continue
        if final and kind not in ("final", "corrected"):
            continue
        if set(listing.letters) & wrong:
            continue
        final = final or kind == "final"
        last = "" if listing.hedged else _line_by_line(reply, cue.end(), listing, wrong)
    for question in re.finditer(r"(?<![A-Za-z])[A-J](?=\s*(?:选项|项)?\s*(?:吗|呢)?\s*\?)", reply.text):
        if YES.match(reply.text, question.end()) and last is None:
            last = question[0]
    return last


def _announced(reply: Reply, cue: re.Match[str]) -> ListedOptions | None:
    """The options behind words that announce; none where these end in a denial: 错误的不是."""
    if re.search(r"(?:不|并非|非)[是为]?$", cue[0]) and cue.lastgroup in ("right", "wrong"):
        return None
    filler = FILLER.match(reply.text, cue.end())
    starts = {cue.end(), filler.end() if filler else cue.end()}
    # Where several may be right they stand in lines; the mark of a line before an option's text is still there.
    mark = LIST_MARK.match(reply.text, max(starts)) if reply.multiple else None
    starts |= {mark.end()} if mark else set()
    lists = (read_list(reply.text, start, reply.options) for start in sorted(starts, reverse=True))
    return next((listing for listing in lists if listing), None)


def _line_by_line(reply: Reply, announced: int, listing: ListedOptions, wrong: frozenset[str]) -> str:
    """The letters of a list, and of the options that begin the lines below it where each line gives its reasons.

    Only where several may be right, and the first option stands on a line of its own below the words that announce it.
    """
    letters, end = listing.letters, listing.end
    begin = reply.text.rfind("\n", 0, end) + 1
    mark = LIST_MARK.match(reply.text, begin)
    plain = bool(NO_REMARK.match(reply.text, end))
    bare = plain and end - begin <= len(letters) + 1
    if not reply.multiple or begin <= announced or bare or not mark:
        return letters
    if read_list(reply.text[:end], mark.end(), reply.options) is None:
        return letters
    while line := NEXT_LINE.match(reply.text, end):
        following = read_list(reply.text, line.end(), reply.options)
        if following is None or following.hedged or set(following.letters) & set(letters):
            break
        end = following.end
        # Below lines that are options and no more, a remark is on another option.
        if plain and not NO_REMARK.match(reply.text, end):
            break
        denied = not reply.negative and denied_after(reply.text, end)
        letters += "" if denied or set(following.letters) & wrong else following.letters
    return letters


def leading(reply: Reply) -> str | None:
    """Read an option that begins the answer, before reasons: `B，因为…`, `A. its text`."""
    begin = len(reply.text) - len(reply.text.lstrip(EDGE.replace("(", "").replace("[", "").replace("【", "")))
    listing = read_list(reply.text, begin, reply.options)
    if listing is None or not re.match(r"\W*(?:选项)?[A-J]{1,9}(?![A-Za-z0-9])", reply.text[begin:]):
        return None
    if listing.hedged:
        return ""
    rest = reply.text[listing.end :]
    alone = re.match(r"[ \t]*[.。]?[ \t]*\n", rest)
    own = not re.fullmatch(r"\W*(?:选项)?[A-J]\W*(?:选项|项)?", reply.text[begin : listing.end])
    if (own or not alone) and len(set(ENUMERATED.findall(reply.text))) > 1 and "\n" in reply.text:
        return None
    denied = denied_after(reply.text, listing.end) or denied_after(rest.lstrip(" :,—-"), 0)
    if (denied and not reply.negative) or asked(reply.text, listing.end) or set(listing.letters) <= called_wrong(reply):
        return None
    found, _ = judgements(reply)
    if len(found) > 1 and found[0].letters == frozenset(listing.letters):
        return None  # the first of several that are judged
    if re.match(r"[ \t]*[,、]?[ \t]*(?:and[ \t]+)?[A-J](?![A-Za-z])", rest):
        return None  # a list that was cut
    others = set(re.findall(UNIT, rest)) - set(listing.letters) - called_wrong(reply)
    if own and len(listing.letters) == 1 and (not others or END.match(rest)):
        return listing.letters
    if alone or re.match(r"\s*(?:$|[。.,;:]|[-–—]\s)", rest) or (re.match(r"\s*\(", rest) and not others):
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
    """Read a last clause that is an option and a word or two, such as 毫无疑问，D or 只剩下B, or "so D"."""
    text = reply.text.rstrip(EDGE)
    ends = [match.end() for match in re.finditer(r"[,。;!?:\n(]|\.(?=\s|$)", text)]
    begin = max(ends, default=0)
    # "A, B and D" is one list: it begins where its first letter stands.
    while re.match(r"\s*(?:and\s+)?[A-J](?![A-Za-z])", text[begin:]) and re.search(
        r"(?<![A-Za-z])[A-J]\s*,\s*$", text[:begin]
    ):
        ends.pop()
        begin = max(ends, default=0)
    last = text[begin:].strip(EDGE)
    match = LATIN_LEAD.match(last) or re.fullmatch(r"([^A-Za-z]{0,8})\s*(.*)", last)
    if (
        not match
        or CONDITION.search(reply.text)
        or re.search(r"可能|或|不|非|没|未|其次|再次|其后|然后|接着|例如|比如|以及|包括|除|[在从]|误", match[1])
        or (not reply.negative and re.search(rf"{WRONG}[^,。;\n]{{0,4}}:\s*$", text[:begin]))
    ):
        return None
    if re.search("(?<!不)正确|符合" if reply.negative else "错", match[1]):
        return None
    start = match.end() if match.re is LATIN_LEAD else match.start(2)
    listing = read_list(last, start, {})
    if not listing or last[listing.end :].strip(EDGE) or set(listing.letters) <= called_wrong(reply):
        return None
    # "…；D项" is the beginning of a clause that was cut short.
    bare = not match[1].strip() and begin > 0
    cut_short = bare and (re.search(r"[选项]$", last[: listing.end]) or text[:begin].rstrip().endswith(";"))
    at = reply.text.rfind(last)
    if cut_short or not stands(reply.text, at + start, at + len(last), negative=reply.negative):
        return None
    return listing.letters
