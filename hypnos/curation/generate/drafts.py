"""Reads the new records out of an author's reply, not yet placed or judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypnos.corpus.blank import is_blank
from hypnos.curation.hidden_signs import reveal
from hypnos.llm.parsing.replies import read_json

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "records": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("instruction", "input", "output")},
                "required": ["instruction", "input", "output"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["records"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One record as an author wrote it."""

    instruction: str
    input: str
    output: str

    @property
    def question(self) -> str:
        return f"{self.instruction}\n{self.input}" if self.input else self.instruction


def read_drafts(text: str) -> list[Draft] | None:
    """The records of a reply; None where there is none, so that it is asked for again.

    An answer without text is left to the rules of cleaning, which count it; a record without a question is dropped.
    """
    reply = read_json(text)
    entries = reply.get("records") if isinstance(reply, Mapping) else reply
    drafts = [draft for entry in entries if (draft := _draft(entry))] if isinstance(entries, list) else []
    return drafts or None


def _draft(entry: Any) -> Draft | None:
    if not isinstance(entry, Mapping):
        return None
    # A model may return options as a list or an object: they are text on lines of their own.
    instruction, material, output = (_text(entry.get(name)) for name in ("instruction", "input", "output"))
    return Draft(instruction, material, output) if instruction and "output" in entry else None


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{letter}. {text}" for letter, text in value.items()]
    if isinstance(value, list):
        value = "\n".join(str(line) for line in value)
    return "" if value is None or is_blank(str(value)) else reveal(str(value))[0].strip()
