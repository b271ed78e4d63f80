"""Makes a reply of what a provider returned: only fields that can be kept, in the types that they are kept in."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypnos.llm.chat import Price, Reply
from hypnos.llm.failures import TransientError
from hypnos.llm.redaction import redact_reply
from hypnos.llm.requests import Message
from hypnos.llm.token_counts import usual_text, usual_tokens
from hypnos.sound_text import mend_surrogates

_FILTERED = re.compile(r"content_?filter(?:ed)?|sensitive|safety|prohibited_content|blocklist", re.IGNORECASE)
_LARGEST = 2**63 - 1  # what the journal can hold


def reply_of(
    body: Mapping[str, Any], messages: Sequence[Message], seconds: float, *, model: str, price: Price | None
) -> Reply:
    """Make a reply of a response in OpenAI's form.

    Half a sign becomes U+FFFD, a count that is none is counted here, and what has another type than it should is
    written as text. A reply that ended in the provider's content filter is a refusal of its prompt.

    Args:
        body: as returned.
        messages: what was asked.
        seconds: from sending to the last byte.
        model: as it was asked for.
        price: of a token; None where none is known.

    Raises:
        TransientError: it holds no reply.
    """
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if choice is None or not isinstance(message, Mapping):
        raise TransientError("empty", billed=True)
    text = redact_reply(_text(message.get("content")))
    usage = body.get("usage") if isinstance(body.get("usage"), Mapping) else {}
    assert isinstance(usage, Mapping)
    # Some servers count nothing: then it is counted here, roughly.
    tokens_in = _count(usage.get("prompt_tokens")) or usual_tokens(messages)
    tokens_out = _count(usage.get("completion_tokens")) or usual_text(text)
    cached, written = _cached(usage), _written(usage)
    extra = {"id": body.get("id"), "fingerprint": body.get("system_fingerprint")}
    extra["reasoning"] = reasoning = redact_reply(_text(message.get("reasoning_content") or message.get("reasoning")))
    details = usage.get("completion_tokens_details")
    extra["reasoning_tokens"] = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None
    extra["tokens_cached"] = cached
    thought = extra["reasoning_tokens"] or (usual_text(reasoning) if reasoning else 0)
    finish = _text(choice.get("finish_reason")) or "None"
    named = body.get("model")
    filtered = _FILTERED.fullmatch(finish) is not None
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
        refusal=f"content filter: finish_reason {finish}" if filtered else "",
        extra={name: _text(value) for name, value in extra.items() if value},
    )


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
