"""Finds a misspelt key of a configuration before any work.

Every `_target_` is bound to its signature; where no signature says what is known, the known keys are listed.
"""

import importlib
import inspect
from collections.abc import Collection, Mapping
from typing import Any

from hypnos.errors import UserError

OWN = ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")
"""Keys that say how an object is built and are none of its arguments."""


def check_keys(config: Mapping[str, Any], known: Collection[str], where: str = "") -> None:
    """Check the keys of one part of a configuration, not those below them.

    Args:
        config: the part.
        known: the keys it may hold.
        where: the key of this part in the whole; "" for the whole.

    Raises:
        UserError: a key is none of these.
    """
    for key in config:
        if key not in known:
            raise UserError(f"{_below(where, key)}: no such key (known: {', '.join(sorted(known))})")


def bind_targets(config: Any, *, where: str = "", supplied: Mapping[str, tuple[str, ...]] | None = None) -> int:
    """Bind every `_target_` of a resolved configuration to its signature.

    Args:
        config: plain dicts, lists and values.
        where: the key of this part in the whole.
        supplied: for a `_target_`, names of arguments the code adds when it builds the object.

    Returns:
        Number of targets bound.

    Raises:
        UserError: a target cannot be imported, a key is none of its arguments, or an argument is missing.
    """
    if isinstance(config, list):
        return sum(bind_targets(part, where=f"{where}[{i}]", supplied=supplied) for i, part in enumerate(config))
    if not isinstance(config, Mapping):
        return 0
    bound = sum(bind_targets(part, where=_below(where, key), supplied=supplied) for key, part in config.items())
    if "_target_" in config:
        _bind(config, where, supplied or {})
        bound += 1
    return bound


def _below(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _bind(config: Mapping[str, Any], where: str, supplied: Mapping[str, tuple[str, ...]]) -> None:
    target = str(config["_target_"])
    try:
        signature = inspect.signature(_import_target(target, where))
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}._target_: {target} cannot be called: {error}") from error
    arguments = {k: v for k, v in config.items() if k not in OWN}
    arguments |= dict.fromkeys(supplied.get(target, ()))
    bind = signature.bind_partial if config.get("_partial_") else signature.bind
    try:
        bind(*config.get("_args_", ()), **arguments)
    except TypeError as error:
        known = ", ".join(n for n, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD)
        raise UserError(f"{where}: {target}: {error} (its arguments: {known})") from error


def _import_target(target: str, where: str) -> Any:
    module, _, name = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}._target_: {target} cannot be imported: {error}") from error
