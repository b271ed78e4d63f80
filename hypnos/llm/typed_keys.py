"""Finds keys where somebody typed them: by their shape, and by the name of what they are given to.

A setting is written to the run's folder, to a sweep's, and often to the journal and a dashboard: a key in one is
refused before any of it, and never repeated.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hypnos.llm.redaction import secrets

_NAME = (
    r"(?:[a-z]+[-_])*(?:api[-_]?keys?|app[-_]?(?:key|code)|access[-_]?(?:key|token)(?:[-_]?(?:id|secret))?|subscription-key"
    r"|secrets?(?:[-_]?(?:access[-_]?)?key)?|auth(?:orization|[-_]?token)?|tokens?(?=[\"']?[=:])|password|passwd|credentials?"
    r"|private[-_]?key|(?<=[?&])(?:key|sig|(?:[a-z]+-)*signature))"
)
_GIVEN = re.compile(rf"(?<![\w-])[\"']?({_NAME})[\"']?\s*[=:]\s*[\"']?([^\s\"'&,}}\])]*)", re.IGNORECASE)
_OURS = re.compile(r"(?:max_|min_|new_|learnt_|budget[._])*tokens?", re.IGNORECASE)
_NOTHING = re.compile(r"(?:null|none|true|false|\d{1,9}|\?\?\?|)$", re.IGNORECASE)
_SHAPES = re.compile(
    r"(?<![\w\-])(?:sk|gsk|xai|ark|nvapi|tgp|pplx)[-_](?=[\w\-]*\d)[A-Za-z0-9_\-]{16,}"  # OpenAI, DeepSeek, ...
    r"|(?<![\w\-])hf_[A-Za-z0-9]{30,}"  # words of a model's name have signs between them
    r"|\bAIza[\w\-]{30,}|\bAKIA[0-9A-Z]{16}\b|\bLTAI[0-9A-Za-z]{12,}"  # Google, AWS, Alibaba
    r"|\b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b"  # Zhipu
    r"|\beyJ[\w\-]{10,}\.[\w\-]{10,}\.[\w\-]{10,}"  # JSON web tokens: MiniMax and others
    r"|\bbearer\s+[\w.\-~+/=]{12,}",
    re.ASCII | re.IGNORECASE,
)


def holds_key(text: str) -> str:
    """Say how a text gives a key away; empty where it holds none.

    Args:
        text: an override as it is typed, an address, or any value of a setting.
    """
    for name, value in _GIVEN.findall(text):
        if not _OURS.fullmatch(name) and not _NOTHING.fullmatch(value) and not value.startswith("${"):
            return f"gives {name} a value"
    if _SHAPES.search(text):
        return "holds what is shaped as a key"
    if any(len(secret) >= 12 and secret in text for secret in secrets()):
        return "holds the value of a secret environment variable"
    return ""


def key_within(value: Any, where: str) -> tuple[str, str] | None:
    """Find a key in nested settings: (the setting, how it gives a key away); None where there is none."""
    if isinstance(value, Mapping):
        parts: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list | tuple):
        parts = list(enumerate(value))
    else:
        how = holds_key(value) if isinstance(value, str) else ""
        return (where, how) if how else None
    for name, part in parts:
        below = f"{where}.{name}"
        named = isinstance(part, str) and holds_key(f"{name}={part}")
        if named or (found := key_within(part, below)):
            return (below, str(named)) if named else found
    return None


def typed_key(words: Sequence[str]) -> tuple[str, str] | None:
    """Find the first key on a command line: (what it is given to, how it gives a key away); None for none."""
    for word in words:
        if how := holds_key(word):
            name = word.partition("=")[0]
            return ("an argument" if name == word or holds_key(name) else name), how
    return None
