"""Mends what forums put round an answer, and rejects turns that hold nothing but courtesy."""

import re
from dataclasses import dataclass

from hypnos.artefacts.ranges import Natural
from hypnos.curation.clean.rule import Rule, rewrite, text_of
from hypnos.curation.pipeline.step import RecordRow

# Headings of the forms that doctors and patients fill in; they say nothing, and a model learns to write them.
_FORM = (  # what nobody writes but a form, taken out behind a sentence too that lacks its mark
    r"问题分析|意见建议|发病时间及原因|曾经治疗情况(?:和效果|及是否有过敏、遗传病史)|想得到(?:的|怎样的)帮助|想要得到的帮助"
    r"|(?:本次|此次)发病及持续时间|详细病情及咨询目的|(?:病情|问题|疾病|症状)描述[(（]?发病时间[、，,]主要症状[、，,]症状变化等[)）]?"
)
_NOUN = (  # what stands in sentences too ("该患者的处理建议："), taken out where a line or a sentence begins
    # of answers
    r"病情分析|病例分析|症状分析|指导意见|指导建议|意见和建议|医生建议|医生意见|专家建议|健康指导|健康建议|处理意见|处理建议"
    r"|治疗意见|治疗建议|治疗指导"
    # of questions
    r"|(?:病情|问题|疾病|症状)描述|全部症状|(?:曾经)?治疗情况|化验、?检查结果|检查结果|目前一般情况|既往病史|问题补充"
)
_GAP = r"[^\S\n]*"  # no line break: the lines behind a heading stay lines
_COLON = rf"{_GAP}[:：]+"
_HEAD = re.compile(
    rf"(?:(?:^|(?<=[。！？!?；;\n])){_GAP}(?:{_FORM}|{_NOUN})|(?:{_FORM})){_COLON}"
    rf"(?:\s*(?:{_FORM}|{_NOUN}){_COLON})*{_GAP}"  # a form that was left empty
)
_ENDED = frozenset("。.！？!?；;：:，,、…\n")
_LEADS_ON = frozenset("是和与及")
"""Behind these a heading is a part of its sentence."""
_CLOSES = frozenset(")）]】”’』」》%℃~～")
_RESIDUE = re.compile(
    r"\|#\||<br\s*/?>|请您?尽可能详细的?描述您的发病时间、主要症状，医生会根据您的描述给予详细的回复[。.]?"
    r"|请输入问题的描述，医生将为您一一解答[!！。]*|(?:希望|请|麻烦)(?:您|你)?对我的(?:回复|回答)(?:作出|做出|进行|给予)(?:评价|点评)[，,。！!]*(?:谢谢|亲)?[。！!]?"
    r"|(?:望|请|希望|谢谢)(?:您|你)?(?:给?予)?采纳[。！!~～]*"
)
_SIGN = re.compile(r":|：|\||<|采纳|对我的|请您?尽可能|请输入")
"""Of which one stands in all that is mended."""


@dataclass(frozen=True, slots=True)
class ForumResidue(Rule):
    """Takes out headings of forms (问题分析：, 意见建议：), also an empty one at the end, and leftovers of pages.

    A sentence that stood before a heading without its mark gets one.
    """

    def check(self, row: RecordRow) -> RecordRow | None:
        return rewrite(row, mend_forum)


def mend_forum(text: str) -> str:
    """The text without headings of forms and leftovers of pages; what is nothing else is left as it is."""
    if not _SIGN.search(text):
        return text
    mended = _RESIDUE.sub("", _HEAD.sub(_without_head, text))
    if mended == text:
        return text
    mended = mended.strip().lstrip("：:，,")
    return mended or text


def _without_head(match: re.Match[str]) -> str:
    before = match.string[: match.start()].rstrip(" \u3000")[-1:]
    if not before or before in _ENDED:
        return ""
    return "。" if before in _CLOSES or (before.isalnum() and before not in _LEADS_ON) else match[0]


_WELCOME = re.compile(r"(?:(?:您|你)好[，,！!]?)?(?:不客气|不用客气|不必客气|别客气|不用谢|不谢|甭客气|没关系[，,]祝)")
_COURTESY = re.compile(
    r"客气|谢|辛苦|祝(?:您|你|愿)?|早日(?:康复|恢复)|身体健康|一切顺利|(?:随时|欢迎|尽管|可以)[^。！!]{0,12}(?:咨询|联系|提问|问我|询问|来问|提出|告诉我)"
    r"|(?:其他|任何|别的)[^。！!]{0,14}(?:问题|疑问)|希望[^。！!]{0,20}(?:帮助|帮到|康复|恢复|健康|好转|缓解|解决|顺利|成长)|再见|保重|很高兴|荣幸|乐意|尽力帮助|满意"
)


@dataclass(frozen=True, slots=True)
class Courtesy(Rule):
    """An answer that is thanks for thanks: "不客气，祝您早日康复！". It teaches nothing and tells nothing.

    Attributes:
        longest: a longer answer is looked at no more.
        rest: signs that may stand outside courteous sentences.
    """

    longest: Natural = 150
    rest: Natural = 6

    def check(self, row: RecordRow) -> str | None:
        text = text_of(row, "output").strip()
        if len(text) > self.longest or not _WELCOME.match(text):
            return None
        said = [
            part for part in re.split(r"[。！!～~\n]+|[，,](?=祝|如果|希望|有)", text) if not _COURTESY.search(part)
        ]
        return "courtesy" if sum(sign.isalnum() for part in said for sign in part) <= self.rest else None
