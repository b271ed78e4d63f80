"""Keeps keys out of files, logs and errors, and deletes the copies of a configuration that was refused for one."""

import logging
import os
import re
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypnos.errors import UserError

HIDDEN = "[key hidden]"

_NAMES = re.compile(r"(?:^|_)(?:API_?KEYS?|KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)", re.IGNORECASE)
# Keys as providers shape them, where an error message quotes one that is not in the environment any more.
_SHAPES = re.compile(
    r"(?<![\w\-])(?:sk|gsk|xai)[-_][\w*.\-]{6,}|\bhf_(?:[A-Za-z0-9]{20,}|\w*\*[\w*.]*)|\bAIza[\w\-]{10,}"
    r"|(?i:bearer|x-api-key:?)\s+[\w*.\-~+/=]{6,}",
    re.ASCII,
)
_SHORTEST = 6

_named: set[str] = set()
"""Environment variables that models of this process read their keys from."""


class KeyInSettingsError(UserError):
    """A setting that holds a key, or may hold one; it is refused, and never repeated."""


def keep_secret(variable: str) -> None:
    """Count the value of an environment variable as a secret, whatever its name."""
    _named.add(variable)


def secrets() -> list[str]:
    """List the values of the environment that look like secrets by their variable's name, longest first."""
    values = {value for name, value in os.environ.items() if name in _named or _NAMES.search(name)}
    return sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True)


def redact_reply(text: str) -> str:
    """Put a mark in place of the models' own keys, and leave everything else as it is."""
    for variable in _named:
        secret = os.environ.get(variable, "")
        if len(secret) >= _SHORTEST and secret in text:
            text = text.replace(secret, HIDDEN)
    return text


def redact(text: str) -> str:
    """Put a mark in place of everything that is or looks like a secret."""
    for secret in secrets():
        text = text.replace(secret, HIDDEN)
    return _SHAPES.sub(HIDDEN, text)


def guard_logs() -> None:
    """Redact every log record of this process from now on: libraries log addresses and headers with keys in them."""
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def make_redacted(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:
            return record
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            # A formatter uses this text where it is there, and does not format the exception anew.
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return record

    make_redacted.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_redacted)


@contextmanager
def scrub_refused_config(output: Path) -> Iterator[None]:
    """Delete the copies of the configuration that Hydra wrote before the block, where that raises `KeyInSettingsError`.

    Args:
        output: folder of the run; of a sweep's job, the sweep's own copy lies beside it.
    """
    try:
        yield
    except Exception as error:
        if _holds_key(error):
            shutil.rmtree(output / ".hydra", ignore_errors=True)
            (output.parent / "multirun.yaml").unlink(missing_ok=True)
        raise


def _holds_key(error: BaseException | None) -> bool:
    """Whether the error or one of its causes is a `KeyInSettingsError`: builders wrap what a constructor raised."""
    while error is not None:
        if isinstance(error, KeyInSettingsError):
            return True
        error = error.__cause__ or error.__context__
    return False
