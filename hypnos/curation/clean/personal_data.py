"""Masks personal data: names of patients, identity, telephone and hospital numbers, addresses of mail and chat."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hypnos.curation.clean.rule import Rule, rewrite
from hypnos.curation.pipeline.step import RecordRow
from hypnos.errors import UserError

_SURNAME = (
    "(?:欧阳|司马|上官|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|东方|端木|独孤|南宫|西门"
    "|[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚"
    "谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂柴焦柳"
    "邢路岳齐梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童欧甄裴席屈鲍覃霍翁隋甘景柏宁柯阮桂闵车房吉饶刁瞿丘米])"
)
_GIVEN = r"[\u4e00-\u9fff]{1,2}"
_NAME = rf"(?P<name>{_SURNAME}(?:[ \u3000]?(?![男女]){_GIVEN})?)"
# Words that begin with a surname's sign and stand where a name may.
_NO_NAME = re.compile(
    r"(?:高[热烧血龄危度位]|黄[疸染]|白[血细带内]|常[有见年规伴因]|时[有常感]|应[予当该]|曾[经有因于行在患]|余[无可未]|于[入当术\d昨今前]"
    r"|何[时种]|马上|方[可能面]|张口|单[纯侧发]|温[度热]|明[显确]|全[身程麻]|和[家其]|关[节于]|管[腔路]|钟情|安[静排全]|严重|强[烈直]"
    r"|原[有发因]|向[前后来]|来[院诊我]|成[年人]|连[续日]|计划|左[侧上下]|任何|万一|金属|石膏|项目|符合|包括|查体|解[除释]|保[持留]|都[有是]"
    r"|房[颤扑室间水性缺]|苏醒|焦[虑痂点躁]|康复|文[盲化献]|车祸|梅毒|凌晨|费用|尤其|施[行术用]|易[激怒感醒]|舒[张适芬缓]|谷[丙草氨]"
    r"|颜面|叶酸|杜冷|程度|周[围期身岁]|罗[哌库]|甘[油露]|毛[细发]|牛[奶黄]|童年|夏[季天]|金[葡黄]|黄[体斑]|高[脂钾压钠钙糖]|白[癜蛋]|马尾"
    r"|顾虑|严密|安装|季节|龙胆|雷[诺米]|汤药|石淋|兰索|柏油|桂枝|路[途上]"
    r"|位于|花[费粉]|单位|信息|同意|为|某|不详|保密|未知|如下|是)"
)
_MASKED = "***"


@dataclass(frozen=True, slots=True)
class _Mask:
    """What to look for, and what takes its place.

    Attributes:
        near: words of which one stands in every text that has a match; they are found at once, patterns are not.
    """

    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]
    near: tuple[str, ...] = ()
    digits: bool = False

    def may_match(self, text: str, digits: bool) -> bool:
        """Whether it is worth the search, given whether four digits stand in a row."""
        if self.digits and not digits:
            return False
        return not self.near or any(word in text for word in self.near)


_FOUR_DIGITS = re.compile(r"\d{4}")


def _masks() -> list[_Mask]:
    separate = "[ -]?"
    number = r"(?:号码|号|编号|ID)?\s*(?:[为是]|[:：])?\s*"
    hospital = r"(?:住院|病历|病案|门诊|就诊|登记|医保|社保|床头|病人|患者|影像|检查|标本|条码|医疗)"
    behind = r"(?=\s*[，,。；;、！\s（(【]|\s*[男女]|\s*\d|今年|现年|性别|年龄|出生|民族|职业|住院|电话|身份证|$)"
    # Same separators on both sides, and no amount: "150 1200 1500 ml" is what a day's urine came to.
    unit = r"(?!\s*(?:[mμu]?[lLgG](?![A-Za-z])|毫升|毫克|微克|升|克|次))"
    identity = r"(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
    card = rf"({hospital}(?:卡|证|证件)?(?:号码|号|编号|ID)\s*(?:[为是]|[:：])?\s*)[A-Za-z]{{0,3}}-?\d{{4,}}"
    mobile = rf"(?<![\d.])(?:\+?86{separate})?[1１][3-9３-９]\d(?P<apart>[ -]?)\d{{4}}(?P=apart)\d{{4}}(?!\d){unit}"
    landline = r"(?<!\d)(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}\s?[-—]\s?)\d{7,8}(?!\d)"
    telephone = r"((?:电话|手机|联系方式|热线|传真|Tel)(?:号码|号)?\s*(?:[为是]|[:：])?\s*)\d{7,12}(?!\d)"
    chat = r"((?:微信|威信|VX|weixin|wechat|QQ)(?:号码?|群)?\s*(?:[为是]|[:：])?\s*)[A-Za-z\d][\w-]{4,19}"
    patient = (
        rf"((?:患[者儿]|病人|病员|产妇|孕妇|受试者|伤者|家属)\s*[:：]?\s*)(?P<name>{_SURNAME}{_GIVEN})"
        r"(?=\s*[，,、（(\s]\s*(?:[男女]|年龄|\d{1,3}\s*(?:岁|个?月|天)|现年|今年|住院|病历|身份证|系|因))"
    )
    return [
        _Mask(re.compile(identity), _all, digits=True),
        _Mask(re.compile(rf"(身份证(?:件)?{number})[\dXx]{{15,18}}"), _number, ("身份证",)),
        _Mask(re.compile(card), _number, digits=True),
        _Mask(re.compile(mobile), _all, digits=True),
        _Mask(re.compile(landline), _all, digits=True),
        _Mask(re.compile(telephone, re.I), _number, digits=True),
        _Mask(re.compile(r"(?<![\w.])[\w.+-]{2,}@[\w-]+(?:\.[\w-]+)+", re.A), _all, ("@",)),
        _Mask(re.compile(chat, re.I | re.A), _number, ("信", *"VvWwQq")),
        _Mask(re.compile(rf"((?:姓名|名字叫?)\s*[:：]?\s*){_NAME}{behind}"), _name, ("姓名", "名字")),
        _Mask(
            re.compile(rf"((?:我叫|名叫|我的名字[叫是])\s*)(?P<name>{_SURNAME}{_GIVEN}){behind}"),
            *(_name, ("我叫", "名叫", "名字")),
        ),
        _Mask(re.compile(patient), _name),
        _Mask(
            re.compile(rf"((?<![\u4e00-\u9fff])|[是为]){_NAME}(?=\s*[（(]\s*{hospital}(?:号|卡))"), _name, ("号", "卡")
        ),
        _Mask(
            re.compile(rf"((?<![\u4e00-\u9fff])){_NAME}(?=\s*[，,]\s*[男女]\s*[，,]\s*\d{{1,3}}\s*岁)"), _name, ("岁",)
        ),
    ]


def _all(match: re.Match[str]) -> str:
    return _MASKED


def _number(match: re.Match[str]) -> str:
    return match[1] + _MASKED


def _name(match: re.Match[str]) -> str:
    """张伟 becomes 张某, as case reports have it."""
    name = match["name"]
    if _NO_NAME.match(name) or len(name) < 2:
        return match[0]
    surname = re.match(_SURNAME, name)
    assert surname is not None
    return f"{match[1]}{surname[0]}某"


_MASKS = _masks()


@dataclass(frozen=True, slots=True)
class PersonalData(Rule):
    """Masks or rejects what tells who a patient is. 小王 and 张先生, as textbooks have them, tell nothing.

    Attributes:
        action: `mask` leaves the record with 张某 and ***; `reject` drops it.
    """

    action: Literal["mask", "reject"] = "mask"

    def __post_init__(self) -> None:
        if self.action not in ("mask", "reject"):
            raise UserError(f"personal.action {self.action!r}: know mask, reject")

    def check(self, row: RecordRow) -> RecordRow | str | None:
        masked = rewrite(row, mask_personal)
        return "personal_data" if masked and self.action == "reject" else masked


def mask_personal(text: str) -> str:
    """The text with 张某 for a patient's name and *** for numbers and addresses that lead to a person."""
    if not text:
        return text
    # A mask takes digits away and brings none.
    digits = bool(_FOUR_DIGITS.search(text))
    for mask in _MASKS:
        if mask.may_match(text, digits):
            text = mask.pattern.sub(mask.replace, text)
    return text
