"""Finds doses in Chinese text and holds them against the windows of a specialty's ``doses.yaml``.

The parser prefers precision to recall: a dose counts only where its drug and its kind are plain from the
words around it, so that a fault is worth a person's look.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from hypnos.specialty.denied import is_denied
from hypnos.specialty.drugs import Drug, Window, beyond
from hypnos.specialty.units import AMOUNT, LINK, NUMBER, PER, UNIT, any_of, normalise, parse_unit, read_amount

VERSION = 2
"""Raised where doses in the same text are read or graded otherwise than before: keys and signatures hold it."""

Grade = Literal["ok", "warn", "fault", "unknown"]

_SEPARATOR = r"\s*(?:[-‐–—−~/、]|至|到|或)\s*"
# What may stand between "每千克" and its number.
_OF_IT = r"(?:给予|静脉注射|静注|推注|注射|输注|不(?:宜|应|得|可)?超过|至多|最[大多高]|约|用|予|需|给|为|\s)*"
_DOSE = re.compile(
    rf"(?:(?P<per>{PER})(?P<of_it>{_OF_IT}))?"
    rf"(?<![\d.a-z几数多第])(?<!\d,)(?<![零〇一二两三四五六七八九十百千万点])(?P<numbers>{NUMBER}(?:\s*(?:{AMOUNT}(?:{LINK})*)?{_SEPARATOR}{NUMBER}){{0,3}})"
    rf"\s*(?P<unit>{UNIT})"
)

# Words that may stand between a drug (or its last dose) and its next dose even across a comma. No two of the
# alternatives spell the same words, so that a long gap that fits almost does not cost exponential time.
_PLAIN_GAP = re.compile(
    r"(?:[\s,:(、~约为以按再后先即则可≤或和并应是的]|正确|而是|常[用规]|一般|通常|推荐|建议|成人|单次|首[次剂]|每次|初始|起始|负荷"
    r"|\d+(?:[-–~]\d+)?\s*(?:min|分钟|s|秒)(?:以上|内)?|[泵输注推]完"
    r"|诱导|维持|追加|静脉|静注|肌注|肌内|注射|输注|推注|滴注|泵[注入]|持续|缓慢|快速|剂量|量|速[率度]|给予|随后|继以|必要时"
    r"|至多|最[大多高]|极量|总(?:剂)?量|控制在|不(?:宜|应|得|可)?超过)*"
)
# Words after which the next dose may be another substance's.
_BARRIER = re.compile(r"[,、+与和及或]|联合|复合|配[伍合]|同时|合用|[改换加]用|无效|替代|代替|后[再给予以用]")
_GAP_LIMIT = 30
_HEAVIEST = 120.0  # kg
# Not a single dose of this drug by a common route: thresholds, other routes, changes, strengths, dilutions,
# rates per something named before the number.
_OTHER_KIND = re.compile(
    r"(?<![不勿])(?<![不勿][宜应得可要])(?:超过|大于|高于)|低于|小于|少于|不足|[<>≥]\s*$"
    r"|缓释|控释|透皮|贴剂|[口内]服|滴鼻|鼻内|经鼻|雾化|直肠|舌下|骶管|鞘内"
    r"|规格|浓度|盐水|葡萄糖|[=×]|(?:ml|\d)\s*:\s*$|相当于|等效|[增减降][加少低快量]?(?:约|了)?\s*$"
    r"|稀释|配[成制至]|溶|加至|定容"
    r"|每\s*(?:kg|公斤|千克|m|h|小时|min|分|支|瓶|毫升|片|天|日|安)"
)
# Sums and limits are held against ceilings only: atropine is given by 0.5 mg, up to 3 mg.
_LIMIT = re.compile(r"累[计积]|总(?:剂?量|计)|合计|共|最[大多高]|至多|极量|不[宜应得可]?超过|≤|控制在")
_DILUTED = re.compile(r"稀释|配[成制至]|溶|加[入至到]|加.{0,5}(?:盐水|葡萄糖)|定容|[于入]\s*\d+\s*ml")
_ADMIXED = re.compile(r"(?:(?<![追可再应需给酌])加|含|加入|添加|\+)(?:有|了)?\s*$")
# Drawn up or running for a while: what an amount without weight means is not told.
_RUNNING = re.compile(r"泵|滴|输注|持续|维持|小时内|24\s*h")
# Needles are measured in gauge, 22 G, which looks like grams.
_NEEDLE = re.compile(r"\s*(?:号|[^,;]{0,6}(?:针|穿刺|套管|留置|导管|通路))")
# Before the name: swallowed or by the day, which only windows that say so are for.
_BY_MOUTH = re.compile(r"(?:[口内]服|每[日天]|等效|相当于|换算)[^,]{0,4}$")
_ORAL = re.compile(r"[口内]服|每[日天]")
_CHILD = re.compile(r"小儿|儿童|患儿|幼儿|婴儿|早产儿|孩子")
# A sentence about an error quotes the wrong dose on purpose; the recipe of a pump or a tumescent solution
# holds more than one dose.
_SET_ASIDE = re.compile(
    r"(?<![延耽贻])误(?![吸入区差穿伤诊判解])|写成|[看当错]成|错(?!位)|[十百千]倍|10{1,3}\s*倍"
    r"|镇痛泵|自控镇痛|pc[ie]?a|配方|肿胀(?:麻醉|液)"
)


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose found in text: one value, or those of a range or list, in `unit`; `text` is normalised.

    `factor` turned the numbers as they stand in the text into `values`.
    """

    drug: str
    values: tuple[float, ...]
    unit: str
    text: str
    windows: tuple[Window, ...] = field(default=(), repr=False)
    factor: float = 1.0


def find_doses(text: str, windows: tuple[Drug, ...]) -> Iterator[Dose]:
    """Yields the doses that `text` states after a drug with windows, in the order of the text.

    A dose stands in the sentence of its drug, before the next drug name. Left out are concentrations,
    dilutions, sums, thresholds, other routes, what is forbidden or called wrong, quoted errors, and for children
    amounts that are not per kg.
    """
    pattern, drugs = _names(windows)
    text = normalise(text)
    if not pattern.search(text):
        return
    child = bool(_CHILD.search(text))
    for sentence in re.split(r"[。;!?\n]", text):
        if _SET_ASIDE.search(sentence):
            continue
        names = list(pattern.finditer(sentence))
        for at, match in enumerate(names):
            drug = drugs[match[0]]
            if not drug.windows:
                continue
            named_next = at + 1 < len(names)
            reach = sentence[match.end() : names[at + 1].start() if named_next else None]
            before = sentence[: match.start()]
            swallowed = _BY_MOUTH.search(before) and not any(_ORAL.search(window.use) for window in drug.windows)
            per_kg_only = child or bool(swallowed or _ADMIXED.search(before))
            yield from _doses_of(drug, before, reach, named_next=named_next, per_kg_only=per_kg_only)


def _doses_of(drug: Drug, before: str, reach: str, *, named_next: bool, per_kg_only: bool) -> Iterator[Dose]:
    """Yields the doses in `reach`, the words from the drug's name to the next name or the sentence's end."""
    at = 0
    for match in _DOSE.finditer(reach):
        gap, rest = reach[at : match.start()] + (match["of_it"] or ""), reach[match.end() :]
        if len(gap) > _GAP_LIMIT or (_BARRIER.search(gap) and not _PLAIN_GAP.fullmatch(gap)):
            return
        at = match.end()
        unit, factor = _read_unit(match)
        if _OTHER_KIND.search(gap) or _DILUTED.search(rest[:15]) or _mixes_units(match):
            continue
        if _LIMIT.search(gap) and not any(w.low == 0 and w.unit == unit for w in drug.windows):
            continue
        if (per_kg_only and "/kg" not in unit) or (match["unit"] == "g" and _NEEDLE.match(rest)):
            continue
        if named_next and gap.strip() and not rest.strip(" 的"):
            continue  # "后 0.6 mg/kg 罗库溴铵": the dose of the next drug
        if is_denied(before, reach[: match.start()] + (match["of_it"] or ""), rest):
            continue
        numbers = [read_amount(number) for number in re.findall(NUMBER, match["numbers"])]
        if values := tuple(number * factor for number in numbers if number):
            windows = drug.windows
            if "/kg" not in unit and _RUNNING.search(gap + rest[:10]):
                windows = tuple(window for window in windows if "/kg" not in window.unit)
            yield Dose(drug.name, values, unit, match[0], windows, factor)


def _read_unit(match: re.Match[str]) -> tuple[str, float]:
    """The unit of a match of `_DOSE`, with what stands before its numbers: 每千克20毫克 is 毫克/千克."""
    before = "".join(f"/{token}" for token in re.findall(r"kg|公斤|千克|min|分钟|h|小时", match["per"] or ""))
    return parse_unit(match["unit"] + before)


def grade(dose: Dose, *, slack: float = 2.0) -> Grade:
    """Compares a dose with the windows of its drug and kind; of several windows the kindest verdict counts.

    Args:
        dose: A dose of `find_doses`.
        slack: How many times beyond a window's edge is still "ok"; 1 holds to the window. A ceiling has none.

    Returns:
        "ok"; "warn" beyond `slack`; "fault" tenfold below the window, or tenfold a dose inside it and at
        least four times above it; "unknown" where no window has the dose's unit. An amount without weight is a
        fault where it is four times too much for the heaviest. A range is as bad as its worst end.
    """
    windows = [window for window in dose.windows if window.unit == dose.unit]
    if not windows:
        return "fault" if max(dose.values) >= _too_much_for_anybody(dose) else "unknown"
    worst = max(min(beyond(value, window, slack) for window in windows) for value in dose.values)
    return ("ok", "warn", "fault")[worst]


def _too_much_for_anybody(dose: Dose) -> float:
    """Four times the highest amount per kg of the dose's kind, for the heaviest; in the unit of the dose."""
    kinds = [window.high for window in dose.windows if window.unit.replace("/kg", "", 1) == dose.unit]
    return 4 * _HEAVIEST * max(kinds, default=math.inf)


def _mixes_units(match: re.Match[str]) -> bool:
    """Tells a range with two units ("500 μg–1 mg") from one with the unit repeated or left out."""
    units = [parse_unit(unit) for unit in re.findall(rf"{AMOUNT}(?:{LINK})*", match["numbers"])]
    return any(unit != parse_unit(match["unit"]) for unit in units)


_NAMES: dict[int, tuple[tuple[Drug, ...], re.Pattern[str], dict[str, Drug]]] = {}
"""By the identity of the drugs: to hash so many, for each text, takes longer than to look for their names."""


def _names(drugs: tuple[Drug, ...]) -> tuple[re.Pattern[str], dict[str, Drug]]:
    """Returns a pattern that finds names, longest first, and the drug of each name."""
    known = _NAMES.get(id(drugs))
    if known is None:
        names = {normalise(name): drug for drug in drugs for name in (drug.name, *drug.aliases)}
        if len(_NAMES) >= 8:
            _NAMES.clear()
        # The drugs are held, so that no others can come to have their identity.
        known = _NAMES[id(drugs)] = (drugs, re.compile(any_of(names)), names)
    return known[1], known[2]
