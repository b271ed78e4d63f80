"""Makes the key of a reply: a hash of everything that decides it."""

from collections.abc import Mapping
from typing import Any

from hypnos.artefacts.keys import content_key
from hypnos.llm.requests import Request

_PARTS = ("model", "address", "parameters", "engine", "template")
"""Of a model's identity; the last two are those of our own servers."""

_Settings = tuple[Mapping[str, Any], Mapping[str, Any] | None, dict[str, Any], str]

_last: _Settings | None = None
"""Identity, schema, settings and their key as they were hashed last in this process."""


class RequestKeys:
    """The keys of one request's samples; what they have in common is hashed once."""

    __slots__ = ("_samples", "messages", "prompt", "settings", "settings_key", "stays")

    def __init__(self, identity: Mapping[str, Any], request: Request) -> None:
        self.settings, self.settings_key = _settings(identity, request.schema)
        self.stays = request.egress != "any"  # of no key: whether it must not leave the allowed hosts
        self.messages = [dict(message) for message in request.messages]
        self.prompt = content_key({"messages": self.messages})
        self._samples: dict[int, str] = {}

    def sample(self, number: int) -> str:
        """Make the key of one sample: 64 hexadecimal digits."""
        key = self._samples.get(number)
        if key is None:
            parts = {"settings": self.settings_key, "prompt": self.prompt, "sample": number}
            key = self._samples[number] = content_key(parts)
        return key


def _settings(identity: Mapping[str, Any], schema: Mapping[str, Any] | None) -> tuple[dict[str, Any], str]:
    """Put together everything about a request but its messages, and hash it; the schema only where there is one.

    The last one is remembered, because thousands of requests in a row share identity and schema.
    """
    global _last
    last = _last
    if last is not None and last[0] is identity and last[1] is schema:
        return last[2], last[3]
    settings = {name: identity[name] for name in _PARTS if name in identity}
    if schema is not None:
        settings["schema"] = schema
    key = content_key(settings)
    _last = (identity, schema, settings, key)
    return settings, key
