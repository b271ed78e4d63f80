"""Translates litellm's exceptions: a refusal of this prompt, a passing failure, a busy provider, the user's to mend."""

import re
from collections.abc import Iterator, Mapping

from hypnos.errors import UserError
from hypnos.llm.failures import BusyError, RefusedError, TransientError
from hypnos.llm.providers.meanings import Meaning, meaning_of, message_of
from hypnos.llm.providers.waits import wait_of
from hypnos.llm.redaction import redact

_NO_CONNECTION = (
    *(
        "ConnectError",
        "ConnectTimeout",
        "ClientConnectorError",
        "ClientConnectorDNSError",
        "ClientProxyConnectionError",
    ),
    *("ProxyError", "ProxyConnectionError", "ConnectionRefusedError", "gaierror", "ClientHttpProxyError"),
)
_NETWORK = ("httpx", "httpcore", "aiohttp", "openai", "asyncio", "ssl", "anyio", "socket")
_BUGS = (AttributeError, TypeError, KeyError, IndexError, NameError, ImportError, AssertionError)
_PAGE = re.compile(r"(?:<!doctype html|<html\b).*", re.IGNORECASE | re.DOTALL)
_LITELLM = re.compile(r"^litellm\.\w+: (?:\w+: )?(?:\w+ - )?")
_CONTEXT = re.compile(r"maximum context length (?:is|of) (\d+)", re.IGNORECASE)
_SSL = re.compile(r" ssl:(?:<[^>]*>|\w+)")
_UNBILLED_SERVER_ERRORS = (521, 522, 523)
_LONGEST_QUOTE = 200
_LONGEST_PAGE = 80


def translate(
    error: Exception, *, name: str, model: str, address: str, variable: str | None, max_tokens: int | None = None
) -> Exception:
    """Translate an exception of litellm.

    Args:
        error: what `litellm.acompletion` raised.
        name: how errors call the model.
        model: as it was asked for.
        address: where.
        variable: name of the environment variable that holds the key, if there is one.
        max_tokens: the longest reply that is asked for.

    Returns:
        `RefusedError`, `TransientError`, `BusyError`, or a `UserError`, whose texts hold no key. What is not known to
        concern this prompt alone, or to pass, is a `UserError`.
    """
    status = _status(error)
    text = str(error)
    words = quote(message_of(error, text))
    meaning = _meaning(error, status, text)
    if meaning == "filter":
        return RefusedError("content filter", words)
    if meaning == "long":
        most = _CONTEXT.search(text)
        if most is not None and max_tokens is not None and max_tokens >= int(most[1]):
            return UserError(f"llm {name}: max_tokens {max_tokens} leave no room for a prompt ({words})")
        return RefusedError("too long", words)
    if meaning == "busy":
        return _busy(error, status, text, words)
    told = _told(meaning, status, name=name, model=model, address=address, variable=variable)
    if told is not None:
        return UserError(f"{told} ({words})")
    return _failure(error, status, words, name=name, model=model, address=address)


def quote(text: str) -> str:
    """Quote what the server wrote, on one line, without keys; of a web page its first words."""
    page = _PAGE.search(text)
    longest = _LONGEST_QUOTE
    if page is not None:
        body = re.sub(r"<(script|style)\b.*?</\1\s*>", " ", page[0], flags=re.IGNORECASE | re.DOTALL)
        shown = " ".join(re.sub(r"<[^>]*>?", " ", body).split())
        text = f"a web page: {shown[:_LONGEST_PAGE]}{'...' if len(shown) > _LONGEST_PAGE else ''}"
    line = " ".join(redact(_LITELLM.sub("", text)).split())
    return line if len(line) <= longest else f"{line[:longest]}..."


def _status(error: Exception) -> int | None:
    """The HTTP status, as far as it is known: litellm writes 500 where there was none, and codes of bodies."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _meaning(error: Exception, status: int | None, text: str) -> Meaning | None:
    kind = type(error).__name__
    if kind == "ContentPolicyViolationError":
        return "filter"
    found = meaning_of(error, status, text)
    if found is None and (kind == "ContextWindowExceededError" or status == 413):
        return "long"
    return found


def _told(
    meaning: Meaning | None, status: int | None, *, name: str, model: str, address: str, variable: str | None
) -> str | None:
    """The line for what holds for every prompt; None where it is not known to."""
    if meaning == "money" or status == 402:
        return f"llm {name}: the account at {address} has no money or quota left"
    if meaning == "key" or status == 401:
        if variable is None:
            return f"llm {name}: {address} asks for a key, and key_variable names none"
        return f"llm {name}: {address} does not accept the key in {variable}"
    if meaning == "model" or status == 404:
        return f"llm {name}: {address} knows no model {model}"
    if meaning == "denied" or status == 403:
        return f"llm {name}: {address} does not allow {model} with the key in {variable}"
    if status is not None and 300 <= status < 500 and status not in (408, 409, 425):
        return f"llm {name}: {address} refuses the request to {model}, with status {status}, as it would any other"
    return None


def _busy(error: Exception, status: int | None, text: str, words: str) -> BusyError:
    reason = str(status) if status in (429, 502, 503, *_UNBILLED_SERVER_ERRORS, 529) else "429"
    return BusyError(reason, words=words, wait=wait_of(_headers(error), text), paced=reason == "429")


def _failure(error: Exception, status: int | None, words: str, *, name: str, model: str, address: str) -> Exception:
    """What the status does not explain: no answer of the server, an answer that is none, or a bug."""
    chain = list(_chain(error))
    kinds = {type(cause).__name__ for cause in chain}
    if _headers(error) and status is not None and status >= 400:  # the server did answer
        wait = wait_of(_headers(error))
        return TransientError(str(status), words=words, retry_after=wait, billed=status in (408, 504, 524))
    if not kinds.isdisjoint(_NO_CONNECTION):
        return BusyError("no connection", words=quote(_root(chain)), paced=False, reached=False)
    if type(error).__name__ in ("Timeout", "APITimeoutError") or isinstance(error, TimeoutError):
        return TransientError("timeout", billed=True)
    if _PAGE.search(str(error)):
        return UserError(f"llm {name}: {address} answers with {words}: that is not where {model} is asked")
    bug = next((cause for cause in chain if isinstance(cause, _BUGS)), None)
    if bug is not None and "Invalid response object" not in str(error):
        what = quote(f"{type(bug).__name__}: {bug}")
        return UserError(f"llm {name}: litellm cannot ask {model} at {address}, or read its replies ({what})")
    if not isinstance(getattr(error, "status_code", None), int | None):
        return UserError(f"llm {name}: {address} answers with an error ({words})")
    if status == 200:
        return TransientError("not JSON", words=words, billed=True)
    if bug is not None or "choices" in words:
        return TransientError("no reply in the response", words=words, billed=True)
    if any(type(cause).__module__.partition(".")[0] in _NETWORK for cause in chain[1:]) or status is not None:
        return TransientError("connection", words=quote(_root(chain)), billed=True)
    return TransientError(type(error).__name__, words=words, billed=True)


def _headers(error: Exception) -> Mapping[str, str] | None:
    return getattr(error, "litellm_response_headers", None) or None


def _root(chain: list[BaseException]) -> str:
    """The words that name the host, else those of the innermost error that has some: the network's own."""
    said = [str(cause) for cause in reversed(chain) if str(cause).strip()]
    named = (words for words in said if "Cannot connect to host" in words)
    return _SSL.sub("", next(named, said[0] if said else ""))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
