"""Finds what is wrong in a configuration before any work: keys, types and ranges of everything that has a `_target_`.

Every `_target_` is bound to its signature, and its values are held against the annotations there; for classes of
libraries, whose annotations say too little, they are held against a table that the caller has.
"""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from hypnos.artefacts.value_check import TARGET, below, check_value
from hypnos.errors import UserError

OWN = (TARGET, "_partial_", "_args_", "_convert_", "_recursive_")
"""Keys that say how an object is built and are none of its arguments."""

OURS = "hypnos."
"""Annotations of these modules' arguments are meant to be checked."""

Annotations = Mapping[str, Any]
"""By name of an argument, what it may be."""


def bind_targets(
    config: Any,
    *,
    where: str = "",
    supplied: Mapping[str, tuple[str, ...]] | None = None,
    libraries: Mapping[str, Annotations] | None = None,
) -> int:
    """Bind every `_target_` of a resolved configuration to its signature, and check its values.

    Args:
        config: plain dicts, lists and values.
        where: the key of this part in the whole.
        supplied: for a `_target_`, names of arguments the code adds when it builds the object.
        libraries: for a `_target_` that is not ours, or for how it begins (`torch.optim.`), what arguments may be.

    Returns:
        Number of targets bound.

    Raises:
        UserError: a target cannot be imported, a key is none of its arguments, an argument is missing, or a value is
            not of its type or range.
    """
    further: dict[str, Any] = {"supplied": supplied, "libraries": libraries}
    if isinstance(config, list):
        return sum(bind_targets(part, where=f"{where}[{i}]", **further) for i, part in enumerate(config))
    if not isinstance(config, Mapping):
        return 0
    bound = sum(bind_targets(part, where=below(where, key), **further) for key, part in config.items())
    if TARGET in config:
        _bind(config, where, supplied or {}, libraries or {})
        bound += 1
    return bound


def _bind(
    config: Mapping[str, Any],
    where: str,
    supplied: Mapping[str, tuple[str, ...]],
    libraries: Mapping[str, Annotations],
) -> None:
    target = str(config[TARGET])
    try:
        signature = inspect.signature(_import_target(target, where))
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}.{TARGET}: {target} cannot be called: {error}") from error
    given = dict.fromkeys(supplied.get(target, ()))
    arguments = {k: v for k, v in config.items() if k not in OWN} | given
    bind = signature.bind_partial if config.get("_partial_") else signature.bind
    try:
        bound = bind(*config.get("_args_", ()), **arguments)
    except TypeError as error:
        known = ", ".join(n for n, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD)
        raise UserError(f"{where}: {target}: {error} (its arguments: {known})") from error
    annotations = _annotations(target, signature, libraries)
    for name, value in bound.arguments.items():
        if name in annotations and name not in given:
            check_value(value, annotations[name], below(where, name))


def _annotations(target: str, signature: inspect.Signature, libraries: Mapping[str, Annotations]) -> Annotations:
    if target.startswith(OURS):
        named = (p for p in signature.parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
        return {p.name: p.annotation for p in named if p.annotation is not p.empty}
    fitting = (table for begin, table in libraries.items() if target == begin or target.startswith(begin))
    return {name: annotation for table in fitting for name, annotation in table.items()}


def _import_target(target: str, where: str) -> Any:
    module, _, name = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}.{TARGET}: {target} cannot be imported: {error}") from error
