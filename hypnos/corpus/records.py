"""Defines the two kinds of records that are read, trained on and written, and counts what could not be used."""

import re
from collections import Counter
from dataclasses import dataclass, field


class Unusable(Exception):
    """Raised for a row that yields no record, with the reason."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One conversation that ends with an answer to learn.

    `group` keeps paraphrases, answers to one question and questions about one case on the same side of every
    split. A record with `egress="local"` never leaves the machine. `system` stands above the conversation, and
    `reasoning` is what was thought before the answer; both are empty in most.
    """

    id: str
    instruction: str
    output: str
    input: str = ""
    history: tuple[tuple[str, str], ...] = ()
    source: str = ""
    group: str = ""
    egress: str = "any"
    system: str = ""
    reasoning: str = ""

    @property
    def question(self) -> str:
        """The last user turn: the instruction, and its material on lines of its own."""
        return f"{self.instruction}\n{self.input}" if self.input else self.instruction

    def messages(self) -> list[dict[str, str]]:
        """Turns in the form of chat templates: `[{"role": ..., "content": ...}, ...]`, the answer last.

        Reasoning stands beside its answer under `reasoning_content`, and is in no content.
        """
        turns = [*self.history, (self.question, self.output)]
        messages = [{"role": "system", "content": self.system}] if self.system else []
        messages += [
            {"role": role, "content": content}
            for turn in turns
            for role, content in zip(("user", "assistant"), turn, strict=True)
        ]
        if self.reasoning:
            messages[-1]["reasoning_content"] = self.reasoning
        return messages


@dataclass(frozen=True, slots=True)
class Text:
    """Running text for continued pre-training: every token counts in the loss."""

    id: str
    text: str
    source: str = ""
    group: str = ""
    egress: str = "any"


Record = Instruction | Text


@dataclass(slots=True)
class Rejections:
    """Counts what could not be used by reason, and keeps the first examples with where they stand.

    `left_out` counts what is not learnt of records that are used.
    """

    seen: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    KEPT = 100

    def add(self, where: str, reason: str) -> None:
        """Count one record, and list it if there is room."""
        # "has 512 tokens", "has 513 tokens": one kind, so that the counts stay few however many records there are.
        kind = re.sub(r"\d+", "#", reason)
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(self.examples) < self.KEPT:
            self.examples.append({"where": where, "reason": reason})

    def leave_out(self, what: str) -> None:
        """Count one thing that is not learnt; of many kinds only the first are told apart."""
        known = what in self.left_out or len(self.left_out) < self.KEPT
        self.left_out[what if known else "other fields"] += 1

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def take(self) -> "Rejections":
        """What was counted since the last call; counting begins anew."""
        part = Rejections(self.seen, self.counts, self.examples, self.left_out)
        self.seen, self.counts, self.examples, self.left_out = 0, {}, [], Counter()
        return part

    def merge(self, later: "Rejections") -> None:
        """Add what was counted after this."""
        self.seen += later.seen
        for kind, count in later.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
        self.examples += later.examples[: self.KEPT - len(self.examples)]
        self.left_out += later.left_out
