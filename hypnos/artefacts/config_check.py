"""Bind every `_target_` of a configuration to its signature, so that a misspelt key is found before any work."""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from hypnos.errors import UserError

OWN = ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")


def bind_targets(config: Any, *, where: str = "", given: Mapping[str, tuple[str, ...]] | None = None) -> int:
    """Check a resolved configuration.

    Args:
        config: plain dicts, lists and values.
        where: the key of this part in the whole.
        given: for a `_target_`, names of arguments the code adds when it builds the object.

    Returns:
        Number of targets bound.

    Raises:
        UserError: a target cannot be imported, a key is none of its arguments, or an argument is missing.
    """
    if isinstance(config, list):
        return sum(bind_targets(part, where=f"{where}[{i}]", given=given) for i, part in enumerate(config))
    if not isinstance(config, Mapping):
        return 0
    found = sum(
        bind_targets(part, where=f"{where}.{key}" if where else str(key), given=given) for key, part in config.items()
    )
    if "_target_" in config:
        _bind(config, where, given or {})
        found += 1
    return found


def _bind(config: Mapping[str, Any], where: str, given: Mapping[str, tuple[str, ...]]) -> None:
    target = str(config["_target_"])
    try:
        signature = inspect.signature(_find(target, where))
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}._target_: {target} cannot be called: {error}") from error
    arguments = {k: v for k, v in config.items() if k not in OWN}
    arguments |= dict.fromkeys(given.get(target, ()))
    bind = signature.bind_partial if config.get("_partial_") else signature.bind
    try:
        bind(*config.get("_args_", ()), **arguments)
    except TypeError as error:
        known = ", ".join(n for n, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD)
        raise UserError(f"{where}: {target}: {error} (its arguments: {known})") from error


def _find(target: str, where: str) -> Any:
    module, _, name = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}._target_: {target} cannot be imported: {error}") from error
