"""Reads options listed in a text: `B`, `(B)`, `B、D`, `A, C and D`, `选项A和选项B`, `A. its text`, its text alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

OPEN, SHUT = r"[\"'“‘「『【\[(<]*", r"[\"'”’」』】\])>]+"
NOT_AN_OPTION = (
    r"(?!型|族|超|波|链|肝|细胞|因子|反应蛋白|组(?!合)|级|期|类|线|受体|蛋白|[-‐–]\s*[a-z二]|/[A-Z]\b(?=比|梯度|值))"
)
"""After a letter that belongs to a medical word: B超, A型, C反应蛋白, D-二聚体."""

UNIT = re.compile(
    rf"(?:选项|选择|选|(?i:options?|choices?)\s)?\s*{OPEN}\s*([A-Ja-j])(?![A-Za-z0-9]){NOT_AN_OPTION}"
    rf"(?:\s*{SHUT})?(?:[ \t]*(?:选项|项))?"
)
RUN = re.compile(rf"{OPEN}\s*([A-J]{{2,10}})(?![A-Za-z0-9]){NOT_AN_OPTION}(?:\s*{SHUT})?")
RANGE = re.compile(r"([A-J])[ \t]*(?:[~～\-–—]|到|至)[ \t]*([A-J])(?![A-Za-z0-9])")
JOIN = re.compile(r"\s*(?:,\s*(?:and\b|以及|还有|和|及)|、|,|;|/|\||\+|&|和|与|以及|还有|及|\band\b)\s*|\s+|")
NEUTRAL = re.compile(r"和|与|及|还有|and|/|\||\+|&")
AND_CLAUSE = re.compile(r",\s*[以还和及]")
END = re.compile(r"\s*(?:$|[。.;!?\])】”’\"'」』}<\n]|,(?!\s*[A-J])|、(?!\s*[A-J])|——)")
CALLED_WRONG = re.compile(r"\s*(?:选项|项)?(?:[均都全皆则]|是)*(?:错|不正确|不对|有误)")
GOES_ON = re.compile(r"\s*(?:[二两三四五六七八九]?[个项者]|选项|均|都|全|皆|are\b|is\b|正确|错误|有误|不正确|不对)")
ARTICLE = re.compile(r"\s+(?!is\b|are\b|and\b|or\b|because\b|since\b|as\b|for\b)[a-z]{2,}")
OR = re.compile(r"\s*(?:或者?|还是|\bor\b)\s*[\"'“(\[]*(?:选项)?[A-J](?![A-Za-z0-9])")
ONLY_LETTERS = re.compile(
    r"(?:[ \t,、;/+&.。()\[\]】]|和|与|以?及|\band\b|(?:选项|选)?[A-J](?![A-Za-z0-9])(?:选项|项)?)*(?:\n|$)"
)
"""After a letter at the beginning of a line: the line goes on with letters alone, and is no remark on that option."""
NO_REMARK = re.compile(r"[ \t]*(?:[。.;,、][ \t]*)?(?:\n|$)|[ \t]*(?:[、/+&]|和|与|以?及|,?[ \t]*\band\b)")
"""After an option's text at the beginning of a line: the line ends, or a list goes on."""
DRUG_STEM = re.compile(r"(?:去甲|去氧|异丙|舒|瑞|阿|左|顺|艾司|[A-Za-z0-9])$")
"""Before the name of an option it makes another drug's name of it, or another number."""


@dataclass(frozen=True, slots=True)
class ListedOptions:
    """Options listed in a text.

    Attributes:
        letters: in the order in which they stand, each as often as it stands.
        end: where the text goes on.
        hedged: whether `or` and another letter follow.
    """

    letters: str
    end: int
    hedged: bool = False


@lru_cache(maxsize=4096)
def text_pattern(text: str) -> re.Pattern[str]:
    """Match an option's text as models write it: other blanks and dashes, and without its full stop."""
    signs = re.sub(r"\s+", "", text.strip(" 。.;"))
    parts = (r"(?:[~～\-–—]|至|到)" if sign in "~～-–—" else re.escape(sign) for sign in signs)
    body = r"\s*".join(parts) or r"(?!)"
    # A number must not be the tail of a longer one, nor a word of Latin letters part of another.
    before = r"(?<![0-9.])" if text[:1].isdigit() else r"(?<![A-Za-z])" if text[:1].isascii() else ""
    after = r"(?![0-9])" if text[-1:].isdigit() else r"(?![A-Za-z])" if text[-1:].isascii() else ""
    return re.compile(before + body + after, re.IGNORECASE)


def read_list(text: str, start: int, options: Mapping[str, str]) -> ListedOptions | None:
    """Read options that stand at a place of a cleaned text; None if there is none.

    Args:
        text: with half-width signs.
        start: where the list begins.
        options: text by letter, cleaned in the same way.
    """
    if start and re.match("[A-Za-z0-9]", text[start - 1]) and re.match("[A-Za-z0-9]", text[start : start + 1]):
        return None
    units: list[tuple[str, int]] = []
    joins: list[str] = []
    position = start
    last_bare = False
    while True:
        unit = _read_unit(text, position, options)
        if unit is None:
            break
        # 答案：B, and on the next line "A. 起效慢", "A和C起效慢" "A. its text。错误": a remark, and no second letter.
        a_letter = text[unit[1] - 1 : unit[1]] == unit[0]
        lettered = a_letter or bool(text[unit[1] - 1] in "项)" and UNIT.fullmatch(text, position, unit[1]))
        if units and "\n" in joins[-1] and not (ONLY_LETTERS if lettered else NO_REMARK).match(text, unit[1]):
            break
        # 排除A、B，选D: what is chosen begins the next clause.
        if units and "," in joins[-1] and re.match("选(?!项)", text[position:]):
            break
        # 选C项，阿托品不合适: the text of another option begins the next clause.
        if (
            units
            and not a_letter
            and last_bare
            and "," in joins[-1]
            and not re.match(r"[\"'“(\[]*(?:选项)?[A-J]", text[position:])
        ):
            break
        units.append(unit)
        last_bare = lettered
        join = JOIN.match(text, unit[1])
        assert join is not None  # the pattern also matches nothing
        if not join[0] and not (text[unit[1] - 1 : unit[1]] in ")]】」”" and text[unit[1] : unit[1] + 1] in "([【「“"):
            break
        joins.append(join[0])
        position = join.end()
    if not units:
        return None
    kept = _cut(text, units, joins[: len(units) - 1])
    letters, end = "".join(letters for letters, _ in kept), kept[-1][1]
    bare = text[start:end].strip()
    if bare in ("A", "I") and ARTICLE.match(text, end):
        return None
    if bare.islower() and len(bare) == 1 and not END.match(text, end):
        return None
    return ListedOptions(letters.upper(), end, hedged=bool(OR.match(text, end)))


def _read_unit(text: str, position: int, options: Mapping[str, str]) -> tuple[str, int] | None:
    span = RANGE.match(text, position)
    if span and span[1] < span[2]:
        return "".join(chr(code) for code in range(ord(span[1]), ord(span[2]) + 1)), span.end()
    run = RUN.match(text, position)
    if run:
        return run[1], run.end()
    named = _read_text(text, position, options)
    if named:
        return named
    unit = UNIT.match(text, position)
    if not unit:
        return None
    own = options.get(unit[1].upper())
    if own:
        gap = re.compile(r"[\s.、:,)(“\"]*").match(text, unit.end())
        match = text_pattern(own).match(text, gap.end() if gap else unit.end())
        if match:
            tail = re.compile(r"[)”\"]?").match(text, match.end())
            return unit[1], tail.end() if tail else match.end()
    return unit[1], unit.end()


def _read_text(text: str, position: int, options: Mapping[str, str]) -> tuple[str, int] | None:
    """An option's text without its letter; of two that fit, the longer."""
    opened = re.compile(r"[\"'“‘「『(]?").match(text, position)
    begin = opened.end() if opened else position
    fitting = [
        (match.end(), letter) for letter, own in options.items() if (match := text_pattern(own).match(text, begin))
    ]
    if not fitting:
        return None
    end, letter = max(fitting)
    # A letter that is an option's whole text (an AB blood group) is read as a letter.
    if re.fullmatch("[A-J]+", text[begin:end]):
        return None
    closed = re.compile(rf"[\"'”’」』)]?(?:\s*\({letter}(?:对|正确|项|选项|√)?\))?").match(text, end)
    return letter, closed.end() if closed else end


def _cut(text: str, units: list[tuple[str, int]], joins: list[str]) -> list[tuple[str, int]]:
    """Leave out what begins the next clause: in `A、B、C，E is wrong` the list ends at C."""
    kinds = [join.strip() or join[:1] for join in joins]
    if len(units) > 2 and "and" in kinds[-1] and set(kinds[:-1]) <= {",", "、"}:
        return units  # "A, B, and D" is a whole
    after = units[-1][1]
    # "C; A and B are wrong", 正确的是A和B，D不正确: a clause begins behind a semicolon, or behind a closed list.
    for number, kind in enumerate(kinds):
        closed = "," in kind and not NEUTRAL.search(kind) and any(map(NEUTRAL.search, kinds[:number]))
        if (kind == ";" or closed) and GOES_ON.match(text, after):
            return units[: number + 1]
        # "选A、B，以及D错误": what is called wrong is none of what is chosen.
        if AND_CLAUSE.match(kind) and CALLED_WRONG.match(text, after):
            return units[: number + 1]
    if END.match(text, after):
        return units
    loose = [number for number, kind in enumerate(kinds) if not NEUTRAL.search(kind) and kind != "、"]
    mixed = len({kind for kind in kinds if not NEUTRAL.search(kind)}) > 1 or (loose and len(units[0][0]) > 1)
    if loose and (mixed or not GOES_ON.match(text, after)):
        return units[: loose[0] + 1]
    return units
