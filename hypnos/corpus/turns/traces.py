r"""Finds in a file what earlier versions read otherwise, so that only the keys of such files are new ones.

They passed over system turns, learnt reasoning as a part of the answer, and kept damaged text. A file without any of
these gives the records it always gave.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypnos.corpus.storage.compressed import kind_of, open_binary
from hypnos.corpus.turns.thoughts import FIELDS

LOOKED_AT = 4 << 20
"""Bytes of a file, or rows of one in columns by the kilobyte: a set has these everywhere or nowhere, and a key must not
cost what reading costs."""

_LATEX = r"t(?:imes|ext|au|heta|frac)\b|n(?:abla|otin|eq)\b|r(?:ho|ight|angle)\b"
_MARKS = (
    r"<(?:/?\|?/?(?:seed:)?(?:[tT]hink|THINK|thought|reasoning)|\|begin_of_thought|\|channel\|>)",
    r"\[THINK",
    r"# ?Thinking",
    r"◁think",
)
_MARK = [re.compile(mark.encode()) for mark in (*_MARKS, r"\\u003c/?think")]
_NAMES = tuple(f'"{name}"' for name in ("system", "System", "developer", *FIELDS, "Complex_CoT", "Reasoning"))
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])

_SYSTEM = re.compile(rb'"[sS]ystem"\s*:\s*"\s*[^"\s]|"(?:role|from)"\s*:\s*"(?:system|developer)"')
_REASONING = re.compile(rf'"(?:{"|".join(map(re.escape, FIELDS))})"\s*:\s*"\s*[^"\s]'.encode(), re.IGNORECASE)
_ESCAPED = re.compile(rf"\\(?:[bf]|u00(?:0[0-8bcefBCEF]|1|7[fF]|[89])|{_LATEX})".encode())


def traces_of(file: Path) -> tuple[str, ...]:
    """Names of what a file holds that is read otherwise now, in one order; none for nearly all files."""
    stat = file.stat()
    return _traces(file, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _traces(file: Path, size: int, changed_ns: int) -> tuple[str, ...]:
    """Look into a file once in a process, as long as its size and time of change stay the same."""
    kind = file.suffix.lower()
    if kind in (".pdf", ".docx"):
        return ()  # their bytes are no text, and no earlier version read them
    if kind == ".parquet":
        return tuple(sorted(set(_in_columns(file))))
    with open_binary(file) as stream:
        block = stream.read(LOOKED_AT)
    found = {name for name, holds in _HOLDS.items() if holds(block)}
    if kind_of(file) in (".csv", ".tsv"):
        head = block.partition(b"\n")[0].decode("utf-8", "replace").lower().replace('"', "")
        found |= {trace for column in re.split(r"[,\t]", head) for trace in _of_field(column.strip())}
    return tuple(sorted(found))


def _holds_system(block: bytes) -> bool:
    return _names_a_field(block) and _SYSTEM.search(block) is not None


def _holds_reasoning(block: bytes) -> bool:
    if any(mark.search(block) for mark in _MARK):
        return True
    return _names_a_field(block) and _REASONING.search(block) is not None


def _names_a_field(block: bytes) -> bool:
    # Plain bytes first: they are found many times faster than a pattern.
    return any(name.encode() in block for name in _NAMES)


def _holds_damage(block: bytes) -> bool:
    if len(block.translate(None, _CONTROLS)) < len(block):
        return True
    for match in _ESCAPED.finditer(block):
        before = block[: match.start()]
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return True
    return any(block[at + 1 : at + 2] <= b"\x9f" for at in _places(block, b"\xc2"))


def _places(block: bytes, sign: bytes) -> Iterator[int]:
    at = block.find(sign)
    while at >= 0:
        yield at
        at = block.find(sign, at + 1)


_HOLDS: dict[str, Callable[[bytes], bool]] = {
    "reasoning": _holds_reasoning,
    "sound": _holds_damage,
    "system": _holds_system,
}


def _of_field(name: str) -> Iterator[str]:
    if name == "system":
        yield "system"
    if name in FIELDS:
        yield "reasoning"


def _in_columns(file: Path) -> Iterator[str]:
    """What the columns of a Parquet file hold, those within lists and structures too."""
    import pyarrow.compute
    import pyarrow.parquet

    def holds(texts: Any, pattern: str) -> bool:
        return bool(pyarrow.compute.any(pyarrow.compute.match_substring_regex(texts, pattern)).as_py())

    marks = "|".join(_MARKS)
    damage = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]|\t(?:imes|ext|au|heta|frac)\b"
    with pyarrow.parquet.ParquetFile(file) as table:
        batch = next(table.iter_batches(batch_size=LOOKED_AT >> 10), None)
    if batch is None:
        return
    for column in batch.schema.names:
        for name, texts in _leaves(column.lower(), batch.column(column)):
            if holds(texts, r"\S"):
                yield from _of_field(name)
            if name in ("role", "from") and holds(texts, "^(system|developer)$"):
                yield "system"
            if holds(texts, marks):
                yield "reasoning"
            if holds(texts, damage):
                yield "sound"


def _leaves(name: str, column: Any) -> Iterator[tuple[str, Any]]:
    import pyarrow

    if pyarrow.types.is_struct(column.type):
        for number, field in enumerate(column.type):
            yield from _leaves(field.name.lower(), column.flatten()[number])
    elif pyarrow.types.is_list(column.type) or pyarrow.types.is_large_list(column.type):
        yield from _leaves(name, column.flatten())
    elif pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
        yield name, column
