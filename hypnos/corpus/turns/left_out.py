"""Names what of a row is not learnt: fields that no shape reads, and flags beside a turn."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypnos.corpus.blank import is_blank
from hypnos.corpus.turns.thoughts import FIELDS

Note = Callable[[str], None]
"""Counts one thing that was left out, by its name."""

READ = {"id", "source", "group", "egress", "system", *FIELDS}
"""Fields that every shape reads."""

OURS = {
    *("author", "model", "topic", "task", "difficulty", "audience", "licence", "prompt", "parents", "passage"),
    "page",
    *("scores", "review", "before_review", "step", "reason", "detail"),
}
"""What our own records bring along about themselves; none of it is to be learnt."""

FLAGS = {"weight": 1, "loss_weight": 1, "loss": 1, "train": 1, "trainable": 1, "learn": 1, "mask": 0, "masked": 0}
"""Flags beside a turn that say how it counts in the loss, with the value that changes nothing."""

TURN = {"role", "from", "content", "value", "name", *FIELDS}
NAMED = 40
"""Signs of a field's name that are kept."""


def unread_fields(fields: Mapping[str, Any], read: set[str]) -> Iterator[str]:
    """Fields of a row that hold something and are not learnt, beside those that its shape reads."""
    for name, value in fields.items():
        if name not in read and name not in READ and name not in OURS and _is_filled(value):
            yield f"field {name[:NAMED]}"


def unread_of_turn(turn: Mapping[str, Any]) -> Iterator[str]:
    """The same beside a turn."""
    for name, value in turn.items():
        if name in FLAGS:
            if value is not None and value != FLAGS[name]:
                yield f"flag {name} beside a turn"
        elif name not in TURN and _is_filled(value):
            yield f"field {str(name)[:NAMED]} beside a turn"


def _is_filled(value: Any) -> bool:
    if isinstance(value, str):
        return not is_blank(value)
    return value is not None and value != [] and value != {}
