"""Leaves out, or stops at, a row that lacks its question, options or answer."""

import logging
from collections.abc import Callable, Iterable, Iterator

from hypnos.benchmark.items import Item, Kind
from hypnos.benchmark.tasks.readers.fields import Fields, Incomplete, Placed
from hypnos.errors import UserError

log = logging.getLogger(__name__)


def complete_items(
    rows: Iterable[Fields], build: Callable[[Fields, int], Item | None], *, skip_incomplete: bool
) -> Iterator[Placed]:
    """Build an item of each row; `build` is given the row and its number from 1, and may pass a row over with None.

    Args:
        rows: of one file or folder.
        build: makes an item, or raises Incomplete.
        skip_incomplete: leave incomplete rows out and say at the end how many, instead of stopping at the first.

    Raises:
        Incomplete: at the first such row, where they are not skipped.
    """
    left_out: list[str] = []
    for number, fields in enumerate(rows, 1):
        try:
            item = build(fields, number)
        except Incomplete as reason:
            if not skip_incomplete:
                raise
            left_out.append(str(reason))
            continue
        if item is not None:
            yield fields.where, item
    if left_out:
        log.warning("%d incomplete rows left out, the first: %s", len(left_out), left_out[0])


def require_kind(kind: Kind, *, holds: Kind, layout: str) -> None:
    """Stop where a layout is read for a task of another kind.

    Raises:
        UserError: naming both kinds.
    """
    if kind != holds:
        raise UserError(f"{layout} holds items of kind {holds}; the task's kind is {kind}")
