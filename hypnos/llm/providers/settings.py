"""Checks a model's settings before anything is asked or written."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlsplit

from hypnos.artefacts.ranges import Count, Range, ShareAboveZero
from hypnos.artefacts.value_check import Table
from hypnos.errors import UserError
from hypnos.llm.redaction import KeyInSettingsError
from hypnos.llm.typed_keys import holds_key, key_within

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")

_SECRET = ("api_key", "extra_headers", "headers", "aws_secret_access_key", "vertex_credentials", "azure_ad_token")
"""Parameters of litellm that carry keys. As parameters they would stand in the journal and in each config dump."""

_ELSEWHERE = {
    **{"model": "model", "messages": "the prompts", "timeout": "timeout", "base_url": "address", "api_base": "address"},
    **{"response_format": "structured", "num_retries": "client.tries", "max_retries": "client.tries"},
}
"""Parameters of litellm that Hypnos sets by itself, and the setting that decides each."""

PARAMETERS = Table(
    {
        "temperature": Annotated[float, Range(least=0, most=2)] | None,
        "top_p": ShareAboveZero | None,
        "max_tokens": Count | None,
        "max_completion_tokens": Count | None,
        "top_k": int,
    },
    others=Any,
    partial=True,
)
"""Ranges of what providers know alike; whatever else a provider knows is handed to it as it is."""

_UNREAD = {"n": "a reply is one choice", "stream": "a reply is read whole", "mock_response": "it asks nobody"}


def check_settings(
    where: str,
    *,
    key_variable: str | None,
    addresses: Sequence[str],
    parameters: Mapping[str, Any],
    numbers: Mapping[str, float | None],
) -> None:
    """Refuse what cannot work, or would let a key out.

    Args:
        where: begins each line.
        key_variable: the name of an environment variable.
        addresses: URLs.
        parameters: handed to the provider with each request.
        numbers: limits and times, each above 0 where it is stated.

    Raises:
        UserError: names the setting; what may be a key is not repeated.
    """
    if key_variable is not None and not (isinstance(key_variable, str) and _VARIABLE.fullmatch(key_variable)):
        raise KeyInSettingsError(f"{where}: key_variable: the name of an environment variable in capitals, never a key")
    for address in addresses:
        _check_address(where, str(address))
    if len(set(addresses)) < len(addresses):
        raise UserError(f"{where}: address: one stands there twice: {', '.join(addresses)}")
    for name in parameters:
        if name in _SECRET:
            raise KeyInSettingsError(
                f"{where}: parameters.{name}: a key is never a setting, it would be written to the journal:"
                " export it, and name its variable in key_variable"
            )
        if name in _ELSEWHERE:
            raise UserError(f"{where}: parameters.{name}: is set by {_ELSEWHERE[name]}")
        if name in _UNREAD:
            raise UserError(f"{where}: parameters.{name}: cannot be set, {_UNREAD[name]}")
    if (found := key_within(dict(parameters), "parameters")) is not None:
        raise KeyInSettingsError(
            f"{where}: {found[0]}: {found[1]}: it would be written to the journal: export it, and name its variable in"
            " key_variable"
        )
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
            raise UserError(f"{where}: {name}: {value}: needs to be a number above 0")


def _check_address(where: str, address: str) -> None:
    if "://" not in address:
        raise UserError(f"{where}: address: {address}: no URL (http://localhost:8000/v1)")
    if "@" in urlsplit(address).netloc:
        raise KeyInSettingsError(
            f"{where}: address: holds a user or a password, which would be written to the journal:"
            " leave them out, and name a variable with the key in key_variable"
        )
    if how := holds_key(address):
        raise KeyInSettingsError(
            f"{where}: address: {how}, which would be written to the journal: leave it out, and name a variable with"
            " the key in key_variable"
        )
