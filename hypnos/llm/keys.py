"""The key of a reply: a hash of everything that decides it."""

from collections.abc import Mapping
from typing import Any

from hypnos.corpus.keys import content_key
from hypnos.llm.requests import Request


def settings_of(identity: Mapping[str, Any], schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Everything about a request but its messages; the schema only where there is one."""
    settings = {name: identity[name] for name in ("model", "address", "parameters")}
    if schema is not None:
        settings["schema"] = schema
    return settings


class RequestKeys:
    """The keys of one request's samples; hashes prompt and settings once."""

    __slots__ = ("messages", "prompt", "settings", "settings_key")

    def __init__(self, identity: Mapping[str, Any], request: Request) -> None:
        self.settings = settings_of(identity, request.schema)
        self.messages = [dict(message) for message in request.messages]
        self.settings_key = content_key(self.settings)
        self.prompt = content_key({"messages": self.messages})

    def sample(self, number: int) -> str:
        """The key of one sample: 64 hexadecimal digits."""
        return content_key({"settings": self.settings_key, "prompt": self.prompt, "sample": number})
