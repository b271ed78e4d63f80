"""Says what a server is as a program: its words, its environment, and which knobs set here what it speaks of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypnos.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProgram:
    """A program that serves one model.

    Attributes:
        words: the program and its flags, all but `--port`.
        model: what `/v1/models` lists once it is up; another server at the port does not.
        environment: variables beside those of this process.
        knobs: by a word of the server's, what sets here what it speaks of.
    """

    words: Sequence[str]
    model: str
    environment: Mapping[str, str] = field(default_factory=dict)
    knobs: Mapping[str, str] = field(default_factory=dict)


def flag_name(option: str) -> str:
    """A flag without its dashes, as programs spell it."""
    return str(option).lstrip("-").replace("_", "-")


def flag_words(flags: Mapping[str, Any]) -> list[str]:
    """Flags as words of a command line: True for a bare flag; None and False leave one out."""
    words = []
    for name, value in flags.items():
        if value is not None and value is not False:
            words += [f"--{flag_name(name)}", *([] if value is True else [str(value)])]
    return words


def refuse_options(options: Iterable[str], ours: Mapping[str, str]) -> None:
    """Raise UserError if an option is a flag that is set elsewhere.

    Args:
        options: of `engine.options`.
        ours: such flags, and by what they are set.
    """
    for name in options:
        if (flag := flag_name(name)) in ours:
            raise UserError(f"engine.options.{name}: is set by {ours[flag]}")
