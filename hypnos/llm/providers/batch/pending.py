"""Describes a batch that is being sent, as the journal has it in place of an id until there is one."""

import time
from dataclasses import dataclass, replace
from uuid import uuid4

import orjson

from hypnos.llm.journal.ledger import is_alive, this_process

APPEARS_AFTER = 30.0
"""Seconds within which a batch that was sent stands in its provider's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A batch whose id is not known yet.

    Attributes:
        name: another for each.
        owner: the process that sends it; empty once it has stopped doing so.
        moment: when it was begun, in seconds since 1970.
        mark: by which its provider finds it; None before anything was sent.
    """

    name: str
    owner: str
    moment: float
    mark: str | None = None

    @classmethod
    def begin(cls) -> "Pending":
        return cls(name=uuid4().hex, owner=this_process(), moment=time.time())

    @classmethod
    def read(cls, text: str) -> "Pending | None":
        """Read the id of a batch in the journal; None where it is the provider's."""
        return cls(**orjson.loads(text)) if text.startswith("{") else None

    def marked(self, mark: str) -> "Pending":
        return replace(self, mark=mark, moment=time.time())

    def abandoned(self) -> "Pending":
        return replace(self, owner="")

    @property
    def is_under_way(self) -> bool:
        """Whether the process that sends it is there."""
        return bool(self.owner) and is_alive(self.owner)

    @property
    def may_appear(self) -> float:
        """Seconds in which it may still appear in its provider's list."""
        return max(self.moment + APPEARS_AFTER - time.time(), 0.0)

    def __str__(self) -> str:
        return orjson.dumps({"name": self.name, "owner": self.owner, "moment": self.moment, "mark": self.mark}).decode()
