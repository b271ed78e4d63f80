"""Tells from a provider's error what it means: by its code first, by its words only where the status allows it.

The codes are those of OpenAI, Anthropic, Google, DashScope (Qwen), Zhipu (GLM), Moonshot (Kimi), DeepSeek, Volcengine
(Doubao), MiniMax and the gateways that resell them, as their documentation lists them.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any, Literal

import orjson

Meaning = Literal["filter", "long", "money", "key", "model", "busy", "denied"]
"""`filter` and `long`: this prompt will not be answered; `money`, `key`, `model`, `denied`: no prompt will, until the
user mends it; `busy`: none is taken for now."""

# Whole codes, without case. Figures are Zhipu's (11.., 12.., 13..), MiniMax's (10.., 2049, 2056) and Baidu's (3365..).
# 1002 is MiniMax's rate limit; Zhipu's 1002, a wrong key, comes with status 401.
_CODES: dict[Meaning, str] = {
    "filter": r"content_?filter|content_policy_violation|data_?inspection_?failed|1301|1026|1027|censorship_blocked"
    r"|\w*sensitive_?content\w*|responsibleaipolicyviolation|prohibited_content|content_moderation",
    "long": r"context_length_exceeded|string_above_max_length|request_too_large|1261",
    "money": r"insufficient_(?:user_)?quota|insufficient_?balance|arrearage|1113|1309|exceeded_current_quota_error|1008"
    r"|billing_(?:hard_limit_reached|not_active)|accountoverdue\w*|overdue\w*|allocationquota\.freetieronly|billing_error",
    "key": r"invalid_?api_?key|invalid_authentication\w*|authentication_error|incorrect_api_key\w*|1004|2049"
    r"|api_key_invalid|authenticationerror|unauthorized",
    "model": r"model_?not_?found|1211|1212|invalid_?endpoint_?or_?model\w*|model_not_supported|modelnotopen"
    r"|resource_not_found_error|invalid_model\w*",
    "busy": r"rate_limit\w*|throttling(?:\.\w+)*|130[2-8]|1310|1312|\w*ratelimit\w*|engine_overloaded\w*|overloaded\w*"
    r"|serveroverloaded|server_is_overloaded|resource_exhausted|limit_\w+|slow_down|requestbursttoofast|1002|1039|1041|2056"
    r"|336501|336502|service_?unavailable\w*|modelloading\w*|model_loading|too_many_requests",
    "denied": r"access_?denied\w*|permission_\w+|1220|1311|1313|unsupported_country_region_territory",
}
_EMPTY = re.compile(r"欠费|余额不足|额度(?:不足|已?用尽)|insufficient balance")
_MEANING_OF = {meaning: re.compile(codes, re.IGNORECASE) for meaning, codes in _CODES.items()}

# At these statuses words explain and promise ("add a payment method"), and mean nothing by themselves.
_BUSY_STATUSES = {429, 502, 503, 521, 522, 523, 529}
_SERVER_STATUSES = {500, 504, 520, 524}

_WORDS: dict[Meaning, re.Pattern[str]] = {
    "money": re.compile(
        r"insufficient[\s_](?:account[\s_])?(?:quota|balance|credit)|arrears|in good standing|credit balance is too low"
        r"|欠费|余额不足|额度(?:不足|已?用尽)|请充值|免费额度.{0,6}用",
        re.IGNORECASE,
    ),
    "filter": re.compile(
        r"content[\s_](?:filter|policy|exists? risk|moderation)|inappropriate content|considered high risk"
        r"|content management policy|blocked by (?:our )?content"
        r"|敏感(?:内容|信息|词)|内容.{0,6}(?:安全审核|违规|不安全)|不安全或敏感",
        re.IGNORECASE,
    ),
    "long": re.compile(
        r"maximum context length|context[\s_](?:length|window).{0,20}exceed"
        r"|input (?:length|tokens?).{0,40}(?:exceed|too long)"
        r"|prompt is too long|range of input length|输入.{0,6}(?:过长|超长|超出|超过)",
        re.IGNORECASE | re.DOTALL,
    ),
    "key": re.compile(
        r"invalid[\s_]api[\s_]?key|api[\s_]key[\s_]not[\s_](?:valid|found)|incorrect api key"
        r"|(?:密钥|API ?Key|令牌|身份验证).{0,6}(?:无效|错误|失败|过期|不正确)",
        re.IGNORECASE,
    ),
    "model": re.compile(
        r"model[\s_-]*not[\s_-]*(?:found|exist)|(?:unknown|invalid|no such)[\s_]model|not a valid model"
        r"|LLM Provider NOT provided|Unmapped LLM|model\b.{0,80}?(?:does not|doesn't|not) exist|模型.{0,20}不存在",
        re.IGNORECASE | re.DOTALL,
    ),
    "busy": re.compile(
        r"rate limit|too many requests|overloaded|is (?:currently )?loading|速率限制|并发数?过高|请求(?:过于|太)频繁"
        r"|访问量过大|服务.{0,4}(?:繁忙|过载)|稍后(?:再试|重试)",
        re.IGNORECASE,
    ),
}


def meaning_of(error: BaseException, status: int | None, text: str) -> Meaning | None:
    """Tell what an error means; None where neither code nor words tell.

    Args:
        error: as litellm raised it.
        status: of HTTP, where it is known.
        text: its message.
    """
    for code in codes_of(error, text):
        for meaning, pattern in _MEANING_OF.items():
            if pattern.fullmatch(code):
                return meaning
    if status in _SERVER_STATUSES:
        return "money" if _certain("money", text) else None
    for meaning, words in _WORDS.items():
        if words.search(text) and not (status in _BUSY_STATUSES and not _certain(meaning, text)):
            return meaning
    return "busy" if status in _BUSY_STATUSES else None


def codes_of(error: BaseException, text: str) -> Iterator[str]:
    """Find the codes of an error, the most special first: in its body, in the JSON that it quotes, in its status."""
    for body in (getattr(error, "body", None), _quoted(text)):
        for entry in _entries(body):
            for name in ("code", "error_code", "status_code", "status", "type"):
                value = entry.get(name)
                if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                    yield str(value).strip()
    status = getattr(error, "status_code", None)
    if isinstance(status, str) and status:  # litellm puts there what stood in the body of a reply with status 200
        yield status


def message_of(error: BaseException, text: str) -> str:
    """Find the provider's own words, without what litellm and JSON put around them."""
    for body in (getattr(error, "body", None), _quoted(text)):
        for entry in _entries(body):
            for name in ("message", "msg", "status_msg", "error_msg", "error", "detail"):
                if isinstance(entry.get(name), str) and entry[name].strip():
                    return str(entry[name])
    return text


def _certain(meaning: Meaning, text: str) -> bool:
    """Whether words hold even where the status says that the provider is busy: an account in arrears, in Chinese."""
    return (
        meaning == "money" and re.search(r"欠费|余额不足|额度(?:不足|已?用尽)|insufficient balance", text) is not None
    )


def _entries(body: Any) -> Iterator[dict[str, Any]]:
    """The objects of a body that may hold code and message, the inner ones first."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return
    for name in ("error", "Error", "base_resp", "response", "detail"):
        if isinstance(body.get(name), dict | list):
            yield from _entries(body[name])
    yield body


def _quoted(text: str) -> Any | None:
    """Read the object that a message quotes, in JSON or as Python prints it."""
    start, end = text.find("{"), text.rfind("}")
    if not 0 <= start < end:
        return None
    part = text[start : end + 1]
    try:
        return orjson.loads(part)
    except orjson.JSONDecodeError:
        pass
    try:
        return ast.literal_eval(part)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
