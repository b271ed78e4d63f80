"""Reads the new records out of an author's reply, not yet placed or judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypnos.corpus.blank import is_blank
from hypnos.corpus.cells import cell_text
from hypnos.curation.hidden_signs import reveal
from hypnos.llm.parsing.replies import closed_items, json_values

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


INCOMPLETE = "incomplete"
"""The reason of what a reply holds beside its records and is none."""

NAMES = ("instruction", "input", "output")


@dataclass(frozen=True, slots=True)
class Draft:
    """One record as an author wrote it.

    Attributes:
        whole: whether it has a question and names an answer, all of them text; one that has not is rejected as
            `incomplete`.
    """

    instruction: str
    input: str
    output: str
    whole: bool = True

    @property
    def question(self) -> str:
        return f"{self.instruction}\n{self.input}" if self.input else self.instruction


def read_drafts(text: str) -> list[Draft] | None:
    """The records of a reply; None where not one is whole, so that it is asked for again.

    They stand in one object, in one array or in several, or each by itself. Of two with one question the later counts,
    as a model that corrects itself writes it. An answer without text is left to the rules of cleaning, which count it.
    Of a reply that breaks off the records before that place count: they are paid for, and whole.
    """
    values = json_values(text) or closed_items(text, "records")
    entries = [entry for value in values for entry in _entries(value)]
    drafts = [_draft(entry) for entry in entries]
    whole = {(draft.instruction, draft.input): draft for draft in drafts if draft.whole}
    # The others at the end: the number of a record within its reply is a part of its id.
    return [*whole.values(), *(draft for draft in drafts if not draft.whole)] if whole else None


def _entries(value: Any) -> list[Any]:
    """What one JSON value of a reply offers as records; nothing where it is about something else."""
    if isinstance(value, Mapping) and isinstance(value.get("records"), list | Mapping):
        value = value["records"]
    if isinstance(value, Mapping):
        return [value] if "instruction" in value else []
    return [entry for entry in value if isinstance(entry, Mapping)]


def _draft(entry: Mapping[str, Any]) -> Draft:
    try:
        question, material, answer = (_text(entry.get(name)) for name in NAMES)
    except ValueError:
        question, material, answer = (str(entry.get(name) or "") for name in NAMES)
        return Draft(question, material, answer, whole=False)
    return Draft(question, material, answer, whole=bool(question) and "output" in entry)


def _text(value: Any) -> str:
    """A text; a model may return options as a list or an object, which are text on lines of their own."""
    if isinstance(value, Mapping):
        value = [f"{cell_text(letter)}. {cell_text(text)}" for letter, text in value.items()]
    if isinstance(value, list):
        value = "\n".join(cell_text(line) for line in value)
    text = cell_text(value)
    return "" if is_blank(text) else reveal(text)[0].strip()
