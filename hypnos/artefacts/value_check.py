"""Checks values of a configuration against annotations: type and range, in one line with key, value and range."""

import math
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypnos.errors import UserError

TARGET = "_target_"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A part of a configuration that is no object: the keys it holds, and what each may be.

    Attributes:
        keys: annotations by name; one of them may be a `Table` again.
        others: what values under any other name may be; None: there is no other name.
        partial: whether keys may lack.
    """

    keys: Mapping[str, Any] = field(default_factory=dict)
    others: Any = None
    partial: bool = False


def check_table(config: Any, table: Table, where: str = "") -> None:
    """Check keys and values of one part of a configuration.

    Args:
        config: the part.
        table: what it may hold.
        where: the key of this part in the whole; "" for the whole.

    Raises:
        UserError: a key is none of these, or lacks, or a value is out of its range.
    """
    if not isinstance(config, Mapping):
        raise UserError(f"{where}: {show(config)}: must be a table of {', '.join(table.keys) or 'names and values'}")
    if table.others is None:
        check_keys(config, table.keys, where)
    missing = [] if table.partial else sorted(table.keys - config.keys())
    if missing:
        raise UserError(f"{where or 'the configuration'}: no {', '.join(missing)}")
    for name, value in config.items():
        check_value(value, table.keys.get(name, table.others), below(where, name))


def check_keys(config: Mapping[str, Any], known: Collection[str], where: str = "") -> None:
    """Check the keys of one part of a configuration, not those below them.

    Raises:
        UserError: a key is none of these.
    """
    for key in config:
        if key not in known:
            raise UserError(f"{below(where, key)}: no such key (known: {', '.join(sorted(known))})")


def check_value(value: Any, annotation: Any, key: str) -> None:
    """Check a value against the annotation of what it is meant for.

    Raises:
        UserError: it does not fit; names key, value and range.
    """
    tables = [part for part in _parts(annotation) if isinstance(part, Table)]
    if tables and isinstance(value, Mapping):
        check_table(value, tables[0], key)
        return
    if fits(value, annotation):
        return
    hint = "; for text write it in quotes twice, \"'...'\"" if _is_text(annotation) and _is_scalar(value) else ""
    raise UserError(f"{key}: {show(value)}: must be {describe(annotation)}{hint}")


def below(where: str, key: object) -> str:
    """The key of a part in the whole."""
    return f"{where}.{key}" if where else str(key)


def show(value: Any) -> str:
    """A value as a configuration writes it, not too much of it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    text = " ".join((value if isinstance(value, str) and value else repr(value)).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def fits(value: Any, annotation: Any) -> bool:
    """Whether a plain value is what an annotation asks for; what is built from a `_target_` fits any class."""
    if annotation in (Any, None.__class__, None):
        return annotation is Any or value is None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, Table):
        return isinstance(value, Mapping)
    if origin is Annotated:
        limits = [limit for limit in annotation.__metadata__ if hasattr(limit, "fits")]
        return fits(value, arguments[0]) and all(limit.fits(value) for limit in limits)
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in arguments)
    if origin is Literal:
        return any(value == known and type(value) is type(known) for known in arguments)
    if isinstance(value, Mapping) and TARGET in value:
        return annotation not in (bool, int, float, str, Path)
    if annotation in _PLAIN:
        return _PLAIN[annotation](value)
    kind = origin if origin is not None else annotation
    if isinstance(kind, type) and issubclass(kind, Mapping):
        pairs = value.items() if isinstance(value, Mapping) else ()
        named = not arguments or all(fits(k, arguments[0]) and fits(v, arguments[1]) for k, v in pairs)
        return isinstance(value, Mapping) and named
    if isinstance(kind, type) and kind is not type and issubclass(kind, Iterable):
        return isinstance(value, list | tuple) and _fit_in_order(value, kind, arguments)
    # A class, a protocol or a callable: nothing plain is one.
    return not (value is None or _is_scalar(value) or isinstance(value, str | list | tuple | Mapping))


def _fit_in_order(values: Sequence[Any], kind: type, arguments: tuple[Any, ...]) -> bool:
    if issubclass(kind, tuple) and arguments and arguments[-1] is not Ellipsis:
        return len(values) == len(arguments) and all(map(fits, values, arguments))
    return not arguments or all(fits(value, arguments[0]) for value in values)


def describe(annotation: Any) -> str:
    """What an annotation asks for, in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, Table):
        return f"a table of {', '.join(annotation.keys)}"
    if origin is Annotated:
        limits = [str(limit) for limit in annotation.__metadata__ if hasattr(limit, "fits")]
        return ", ".join([describe(arguments[0]), *limits])
    if origin in (Union, types.UnionType):
        return " or ".join(describe(part) for part in arguments)
    if origin is Literal:
        return f"one of {', '.join(show(known) for known in arguments)}" if len(arguments) > 1 else show(arguments[0])
    kind = origin if origin is not None else annotation
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return f"names, each with {describe(arguments[1])}" if arguments else "names with values"
    if isinstance(kind, type) and issubclass(kind, tuple) and arguments and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)}: {', '.join(describe(part) for part in arguments)}"
    if isinstance(kind, type) and issubclass(kind, Iterable):
        return f"a list, each {describe(arguments[0])}" if arguments else "a list"
    return f"a table with a {TARGET} ({getattr(kind, '__name__', str(kind))})"


def _parts(annotation: Any) -> Iterable[Any]:
    """An annotation, what is said beside it, and the alternatives in it."""
    yield annotation
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)


def _is_text(annotation: Any) -> bool:
    return any(part is str for part in _parts(annotation))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_PLAIN: dict[Any, Any] = {
    bool: lambda value: isinstance(value, bool),
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    float: _is_number,
    str: lambda value: isinstance(value, str),
    Path: lambda value: isinstance(value, str | Path),
}

_WORDS: dict[Any, str] = {
    None: "null",
    types.NoneType: "null",
    Any: "anything",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
}
