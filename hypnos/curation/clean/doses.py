"""Finds doses without a unit, or tenfold and more beyond what a textbook gives."""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated

from hypnos.artefacts.ranges import Range
from hypnos.curation.clean.rule import DrugRule, text_of
from hypnos.curation.pipeline.step import RecordRow
from hypnos.specialty.doses import find_doses, grade
from hypnos.specialty.drugs import Drug
from hypnos.specialty.units import any_of, normalise


@dataclass(frozen=True, kw_only=True)
class DoseWindow(DrugRule):
    """A dose far outside the windows of `doses.yaml`: milligrams for micrograms is the classic fault.

    Attributes:
        slack: see `hypnos.specialty.doses.grade`; it decides what is `warn`.
        warn: reject what is merely beyond `slack` too.
    """

    slack: Annotated[float, Range(least=1)] = 2.0
    warn: bool = False

    def check(self, row: RecordRow) -> str | None:
        bad = ("fault", "warn") if self.warn else ("fault",)
        for dose in find_doses(text_of(row, "output"), self.drugs):
            if grade(dose, slack=self.slack) in bad:
                return f"dose_window: {dose.drug} {dose.text}"
        return None


# Names of drugs by the stems that pharmacology gives them; the specialty's own names come besides.
_STEMS = (
    "西林|头孢[\u4e00-\u9fff]{1,2}|沙星|霉素|洛尔|地平|普利|沙坦|他汀|拉唑|替丁|双胍|泼尼松龙?|地塞米松|韦|康唑|硝唑"
    "|(?:胶囊|肠溶片|缓释片|分散片|颗粒|口服液|注射液|滴丸)"
)
_BETWEEN = re.compile(
    r"(?:[\s:,（(约为是按以用给予给的]|常[用规]|一般|通常|推荐|建议|成人|单次|首[次剂]|每[次日天晚]|一次|初始|起始|负荷|诱导|维持|静脉|静注|静滴|肌注"
    r"|皮下|口服|注射|输注|推注|滴注|泵[注入]|持续|缓慢|快速|浸润|立即|剂量|用量|量|最大|最多|不[宜应]?超过|可|应|再){0,12}"
)
_NUMBER = r"(?<![\d.])\d+(?:\.\d+)?(?:\s*[-~～–—至到]\s*\d+(?:\.\d+)?)?(?![\d.])"
# What may follow a number: any unit, a count, a share, a ratio, a time; Latin letters at large (mg, ml, U, Gy, mmHg).
_UNITLESS = (
    r"(?!\s*(?:。\d|[a-zA-Zμµα-ω%％‰℃°/:：∶×*+]|[\u3300-\u33ff]|[-~～–—、])|\s*[个片粒支瓶包袋滴丸枚颗贴揿喷勺匙杯碗块剂盒副服份板管针吸]"
    r"|\s*(?:毫|微|纳|千|公|国际|单位|万|百|克|升|亿|十|倍|分之|分|秒|小时|点|天|日|周|月|年|岁|次|例|名|人|种|类|型|期|级|代|度|号|位|米|厘|厄|成|项|条|步|组|线|疗程|餐(?![前后])|顿|多|余|几|左右[片粒]|者|以[上下]))"
)
_BARE_NUMBER = re.compile(_NUMBER + _UNITLESS)
"""A part of both patterns, and much quicker to look for."""
_PER_DOSE = re.compile(
    rf"(?:每次|(?<![天日])一次|单次|每服|首剂|负荷[量剂]|维持[量剂]|剂量[为是]|用量[为是]|服用?量[为是])\s*[约为是]?\s*{_NUMBER}{_UNITLESS}(?=\s*[，。；,;、）)服静肌口餐随]|\s*$)"
)


@dataclass(frozen=True, kw_only=True)
class DoseUnit(DrugRule):
    """A drug with a bare number: "罗库溴铵 0.6 静注"; drugs are known by the specialty and by common stems."""

    @cached_property
    def _after_a_drug(self) -> re.Pattern[str]:
        return _bare(self.drugs)

    def check(self, row: RecordRow) -> str | None:
        text = normalise(text_of(row, "output"))
        if _BARE_NUMBER.search(text) and (match := self._after_a_drug.search(text) or _PER_DOSE.search(text)):
            return f"dose_unit: {match[0]}"
        return None


_MEASURED = {"白蛋白", "羟乙基淀粉"}
"""Names that numbers follow which are no doses: of the laboratory, of molecular weight."""


@cache
def _bare(drugs: tuple[Drug, ...]) -> re.Pattern[str]:
    names = any_of({normalise(name) for drug in drugs for name in (drug.name, *drug.aliases)} - _MEASURED)
    return re.compile(rf"(?:{names}|{_STEMS}){_BETWEEN.pattern}{_NUMBER}{_UNITLESS}")
