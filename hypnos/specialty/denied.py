"""Tells a dose that a sentence recommends from one that it forbids or calls wrong: 切勿给予丙泊酚 20 mg/kg."""

import re

_FORBID = (
    r"(?:切勿|切莫|请勿|勿|切忌|禁忌|严禁|禁止|禁用|绝不|决不|避免|杜绝|并非|绝非|不是|而非|不再|不必|不用|无需|不需|没有必要"
    r"|不(?:可以?|能够?|要|应该?|该|得|宜|许|允许|建议|推荐|主张)|不(?=给|使用|予)|(?<![分特级个性识鉴差类区])别)"
)
# Only such words may stand between a ban and what it bans: "不能平卧时给予" bans nothing, "不应超过" is a limit.
_GIVING = (
    r"(?:[\s:(\"“”‘’'「」以按将把为对给予用达至到的]|再次?|直接|立即|一次(?:性)?|单次|每次|快速|缓慢|盲目|随意|擅自|轻易|常规|大剂量|静脉|肌[内肉]|皮下"
    r"|静注|肌注|静推|推注|注射|输注|滴注|泵[注入]|给药|使用|应用|选用|采用|追加|加[大量]|增加|诱导|维持|病人|患[者儿]|剂量|用量|首[次剂]|负荷[量剂]?)"
)
_FORBIDDEN = re.compile(rf"{_FORBID}{_GIVING}{{0,12}}$")
_TURNED = re.compile(r"[,;:]|而是|改[用为成]|正确|只[能可用需]|最多|超过|[高大多]于")

_WRONG = (
    r"(?:不(?:对|正确|当|妥|可取|安全|合理|恰当|可以?|允许|推荐|合适)|过[量大高]|超量|太[大高多]|致死[剂量]|致命|中毒[剂量]|禁忌|禁用|严禁"
    r"|危险|(?:可|会|将|能|足以|易|必)(?:以|能)?(?:导致|引起|造成)?[^,;]{0,8}(?:致死|致命|死亡|[心呼][^,;]{0,5}[骤停]停|中毒))"
)
_THIS = r"(?:这|此|该|其|属于?|就?是|为|系|剂量|用量|用法|做法|量)"
_STILL = r"(?:[\s的]|样|一|种|个|给药|静脉|静注|推注|注射|显然|明显|已经?|均|都|会|将|很|极|非常|可能)"
_CALLED_WRONG = re.compile(
    rf"^(?:{_THIS}|{_STILL}){{0,8}}{_WRONG}|^[,:]\s*{_STILL}{{0,4}}{_THIS}(?:{_THIS}|{_STILL}){{0,6}}{_WRONG}"
)


def is_denied(before: str, gap: str, after: str) -> bool:
    """Whether the words around a dose take it back.

    Args:
        before: the sentence up to the drug's name.
        gap: from the drug's name to the dose.
        after: from the dose to the sentence's end, or to the next drug.

    Returns:
        True where it is forbidden ("不得静注 X 20 mg/kg", "X 切勿用 20 mg/kg"), denied ("不是 20 mg/kg") or called
        wrong behind it ("X 20 mg/kg 属于过量"). A limit ("不应超过 5 mg") is none of these.
    """
    if _FORBIDDEN.search(gap) or _CALLED_WRONG.search(after):
        return True
    return bool(_FORBIDDEN.search(before)) and not _TURNED.search(gap)
