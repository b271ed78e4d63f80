"""Translates litellm's exceptions: transient, refused for this prompt, or the user's to mend."""

import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from hypnos.errors import UserError
from hypnos.llm.failures import RefusedError, TransientError
from hypnos.llm.redaction import redact

_NO_MODEL = re.compile(
    r"model[\s_-]*not[\s_-]*(?:found|exist)|(?:unknown|invalid|no such)[\s_]model"
    r"|LLM Provider NOT provided|Unmapped LLM|model\b.{0,80}?(?:does not|doesn't|not) exist|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
_NO_MONEY = re.compile(r"insufficient[\s_](?:quota|balance)|billing|arrears|credit balance", re.IGNORECASE)
_WRONG_KEY = re.compile(
    r"invalid[\s_]api[\s_]?key|api[\s_]key[\s_]not[\s_](?:valid|found)|incorrect api key", re.IGNORECASE
)
_NEVER_SENT = ("ConnectError", "ConnectTimeout", "ClientConnectorError", "ClientConnectorDNSError")
_LONGEST_QUOTE = 200


def translate(error: Exception, *, name: str, model: str, address: str, variable: str | None) -> Exception:
    """Translate an exception of litellm.

    Args:
        error: what `litellm.acompletion` raised.
        name: how errors call the model.
        model: as it was asked for.
        address: where.
        variable: name of the environment variable that holds the key, if there is one.

    Returns:
        `TransientError`, `RefusedError`, or a `UserError`, whose texts hold no key.
    """
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    text = str(error)
    quote = _quote(text)
    if status == 401 or kind == "AuthenticationError" or _WRONG_KEY.search(text):
        if variable is None:
            return UserError(f"llm {name}: {address} asks for a key, and key_variable names none ({quote})")
        return UserError(f"llm {name}: {address} does not accept the key in {variable} ({quote})")
    if status == 403:
        return UserError(f"llm {name}: {address} does not allow {model} with the key in {variable} ({quote})")
    if status == 402 or (status in (400, 429) and _NO_MONEY.search(text)):
        return UserError(f"llm {name}: the account at {address} has no money or quota left ({quote})")
    if status == 404 or (status == 400 and _NO_MODEL.search(text)):
        return UserError(f"llm {name}: {address} knows no model {model} ({quote})")
    if kind == "UnsupportedParamsError":
        return UserError(f"llm {name}: {model} does not take one of the parameters ({quote})")
    if kind == "ContentPolicyViolationError":
        return RefusedError("content filter", quote, lasting=True)
    if kind == "ContextWindowExceededError" or status == 413:
        return RefusedError("too long", quote, lasting=True)
    if status in (400, 422):
        return RefusedError("bad request", quote, lasting=False)
    return _transient(error, status, kind)


def _transient(error: Exception, status: int | None, kind: str) -> TransientError:
    headers = getattr(error, "litellm_response_headers", None)
    if headers:  # the server did answer
        return TransientError(
            str(status), retry_after=_seconds(headers.get("retry-after")), billed=status in (408, 504)
        )
    if kind == "Timeout" or isinstance(error, TimeoutError):
        return TransientError("timeout", billed=not _never_sent(error))
    if status == 200:
        return TransientError("not JSON", billed=True)
    if status == 429:
        return TransientError("429")
    return TransientError("connection" if status else kind, billed=not _never_sent(error))


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After: a number of seconds or a date."""
    if not retry_after:
        return None
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return None


def _never_sent(error: BaseException) -> bool:
    """Whether no connection was made, so that nothing can have been billed."""
    return any(type(cause).__name__ in _NEVER_SENT for cause in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _quote(text: str) -> str:
    """Quote what the server wrote, on one line, without keys."""
    line = " ".join(redact(text).split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."
