"""Makes a reply of what a provider returned: only fields that can be kept, in the types that they are kept in."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypnos.llm.chat import CUT_FINISHES, Price, Reply
from hypnos.llm.failures import TransientError
from hypnos.llm.providers.errors import quote
from hypnos.llm.redaction import redact_reply
from hypnos.llm.requests import Message
from hypnos.llm.token_counts import usual_text, usual_tokens
from hypnos.sound_text import mend_surrogates

_FILTERED = re.compile(
    r"content_?filter(?:ed)?|sensitive|safety|prohibited_content|blocklist|recitation", re.IGNORECASE
)
_BROKEN = re.compile(r"insufficient_system_resource|network_error|error|abort(?:ed)?", re.IGNORECASE)
"""What a provider says where its server failed in the middle of a reply; DeepSeek's, GLM's, OpenRouter's, vLLM's."""
_LARGEST = 2**63 - 1  # what the journal can hold


def reply_of(
    body: Mapping[str, Any], messages: Sequence[Message], seconds: float, *, model: str, price: Price | None
) -> Reply:
    """Make a reply of a response in OpenAI's form.

    Half a sign becomes U+FFFD, a count that is none is counted here, and what has another type than it should is
    written as text. A reply that ended in the provider's content filter is a refusal of its prompt, and so is one that
    has a refusal in the place of a text.

    Args:
        body: as returned.
        messages: what was asked.
        seconds: from sending to the last byte.
        model: as it was asked for.
        price: of a token; None where none is known.

    Raises:
        TransientError: it holds no reply, or one that its server broke off.
    """
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if choice is None or not isinstance(message, Mapping):
        raise TransientError("empty", billed=True)
    finish = _finish(choice)
    text = redact_reply(_text(message.get("content")))
    usage = body.get("usage") if isinstance(body.get("usage"), Mapping) else {}
    assert isinstance(usage, Mapping)
    # Some servers count nothing: then it is counted here, roughly.
    tokens_in = _count(usage.get("prompt_tokens")) or usual_tokens(messages)
    cached, written = _cached(usage), _written(usage)
    extra = {"id": body.get("id"), "fingerprint": body.get("system_fingerprint")}
    extra["reasoning"] = reasoning = redact_reply(_text(message.get("reasoning_content") or message.get("reasoning")))
    details = usage.get("completion_tokens_details")
    extra["reasoning_tokens"] = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None
    extra["tokens_cached"] = cached
    thought = extra["reasoning_tokens"] or (usual_text(reasoning) if reasoning else 0)
    tokens_out = _written_tokens(usage, extra["reasoning_tokens"] or 0) or usual_text(text) + thought
    named = body.get("model")
    return Reply(
        text=text,
        model=mend_surrogates(named) if isinstance(named, str) and named else model,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=None
        if price is None
        else price.cost(*(tokens_in, tokens_out, cached), tokens_written=written, tokens_thought=thought),
        seconds=round(seconds, 3),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        finish=finish,
        refusal=f"content filter: finish_reason {finish}" if _FILTERED.fullmatch(finish) else _declined(message, text),
        extra={name: _text(value) for name, value in extra.items() if value},
    )


def _finish(choice: Mapping[str, Any]) -> str:
    """Why a reply ended, in the provider's word where litellm, which calls all that it does not know `stop`, hid it.

    Raises:
        TransientError: because the server failed.
    """
    finish = _text(choice.get("finish_reason")) or "None"
    hidden = choice.get("provider_specific_fields")
    fields = {**choice, **hidden} if isinstance(hidden, Mapping) else choice
    native = _text(fields.get("native_finish_reason"))
    if native in CUT_FINISHES or _FILTERED.fullmatch(native) or _BROKEN.fullmatch(native):
        finish = native
    error = fields.get("error")
    if error or _BROKEN.fullmatch(finish):
        said = error.get("message") if isinstance(error, Mapping) else error
        raise TransientError("reply broken off", words=quote(_text(said)) or finish, billed=True)
    return finish


def _declined(message: Mapping[str, Any], text: str) -> str:
    """The refusal that stands in a message in the place of a text, as OpenAI's models write it; empty for none."""
    hidden = message.get("provider_specific_fields")
    fields = {**message, **hidden} if isinstance(hidden, Mapping) else message
    said = quote(_text(fields.get("refusal")))
    return f"by the model: {said}" if said and not text.strip() else ""


def _written_tokens(usage: Mapping[str, Any], thought: int) -> int:
    """Tokens of a reply with its thought, which some (Grok) count beside the reply and not in it; 0 where unstated."""
    out = _count(usage.get("completion_tokens")) or 0
    beside = (_count(usage.get("prompt_tokens")) or 0) + out + thought == _count(usage.get("total_tokens"))
    return out + thought if out and (beside or thought > out) else out


def _cached(usage: Mapping[str, Any]) -> int:
    """Tokens of the prompt that came out of the provider's cache, under any of the names that providers have."""
    details = usage.get("prompt_tokens_details")
    inner = details.get("cached_tokens") if isinstance(details, Mapping) else None
    named = [usage.get(name) for name in ("prompt_cache_hit_tokens", "cache_read_input_tokens")]
    return max((_count(value) or 0 for value in (inner, *named)), default=0)


def _written(usage: Mapping[str, Any]) -> int:
    """Tokens of the prompt that were put into the provider's cache, which Anthropic charges more for."""
    return _count(usage.get("cache_creation_input_tokens")) or 0


def _text(value: Any) -> str:
    """A text; of a list of parts, as some servers write it, their texts; of anything else, how it is printed."""
    if value is None:
        return ""
    if isinstance(value, list):
        parts = [part.get("text", "") if isinstance(part, Mapping) else part for part in value]
        value = "".join(part for part in parts if isinstance(part, str))
    return mend_surrogates(value if isinstance(value, str) else str(value))


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST // 4 else None
