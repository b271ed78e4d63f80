"""Reads lists of turns: messages, ShareGPT conversations, and turns marked 问： and 答：."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypnos.corpus.blank import is_blank
from hypnos.corpus.records import Unusable
from hypnos.corpus.turns.left_out import Note, unread_of_turn
from hypnos.corpus.turns.thoughts import split_answer

MARKS = ("问：", "答：")
ROLES = ({"user", "human"}, {"assistant", "gpt"})
SYSTEM = {"system", "developer"}
TOOLS = {"tool", "tool_call", "tool_response", "function", "function_call", "observation", "ipython"}
CALLS = ("tool_calls", "function_call", "tool_call_id")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of one record: what stands above them, earlier pairs, the last question and its answer."""

    system: str
    history: tuple[tuple[str, str], ...]
    question: str
    answer: str
    reasoning: str


def read_messages(turns: Any, note: Note) -> Conversation:
    """Read turns of the form `{"role": ..., "content": ...}` or `{"from": ..., "value": ...}`.

    Raises:
        Unusable: names the message: a turn of a tool, a system turn amid the others, no text, or two turns of one role.
    """
    if not isinstance(turns, list):
        raise Unusable(f"messages must be a list, not {type(turns).__name__}")
    system: list[str] = []
    spoken: list[Mapping[str, Any]] = []
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, Mapping):
            raise Unusable("a message must be an object")
        role = turn.get("role") or turn.get("from")
        if not isinstance(role, str):
            raise Unusable(f"message {number} is by {role!r}; user and assistant must take turns")
        if role in TOOLS or any(turn.get(name) for name in CALLS):
            raise Unusable(f"message {number} is a turn of a tool, which cannot be trained on")
        content = turn.get("content") or turn.get("value")
        if role in SYSTEM and not content:
            continue
        if not isinstance(content, str):
            raise Unusable(f"message {number} has no text")
        if role in SYSTEM:
            if spoken:
                raise Unusable(f"message {number} is a system turn amid the conversation")
            system.append(content.strip())
            continue
        if role not in ROLES[len(spoken) % 2]:
            raise Unusable(f"message {number} is by {role!r}; user and assistant must take turns")
        for name in unread_of_turn(turn):
            note(name)
        spoken.append({**turn, "content": content})
    return _converse("\n".join(filter(None, system)), spoken, note)


def read_marked(turns: Any, note: Note) -> Conversation:
    """Read a list of turns 问：…, 答：…, as HuatuoGPT has them.

    Raises:
        Unusable: it is no list of text, or the marks do not take turns.
    """
    if not (isinstance(turns, list) and all(isinstance(turn, str) for turn in turns)):
        raise Unusable("data must be a list of turns of text")
    for number, turn in enumerate(turns):
        if turn.startswith(MARKS[1 - number % 2]):
            raise Unusable(f"turn {number + 1} begins with {turn[:2]}; 问： and 答： must take turns")
    texts = [turn.removeprefix(MARKS[number % 2]) for number, turn in enumerate(turns)]
    return _converse("", [{"content": text} for text in texts], note)


def read_history(turns: Any, note: Note) -> tuple[tuple[str, str], ...]:
    """Earlier turns as pairs; one with an empty side is left out.

    Raises:
        Unusable: it is something else.
    """
    if not isinstance(turns, list | tuple):
        raise Unusable(f"history must be a list, not {type(turns).__name__}")
    pairs = []
    for turn in turns:
        if not (isinstance(turn, list | tuple) and len(turn) == 2 and all(isinstance(t, str) for t in turn)):
            raise Unusable("history must be a list of [user, assistant] pairs of text")
        if is_blank(turn[0]) or is_blank(turn[1]):
            note("empty turn of the history")
        else:
            pairs.append((turn[0].strip(), _said(turn[1], {}, note)))
    return tuple(pairs)


def _converse(system: str, turns: Sequence[Mapping[str, Any]], note: Note) -> Conversation:
    if len(turns) % 2 and len(turns) > 1:
        note("last turn without an answer")
    turns = turns[: len(turns) // 2 * 2]
    if not turns or any(is_blank(turn["content"]) for turn in turns):
        raise Unusable("empty turn" if turns else "no answered turn")
    pairs = list(zip(turns[::2], turns[1::2], strict=True))
    asked, told = pairs.pop()
    answer, reasoning = split_answer(told["content"], told)
    history = tuple((question["content"].strip(), _said(said["content"], said, note)) for question, said in pairs)
    return Conversation(system, history, asked["content"].strip(), answer, reasoning)


def _said(answer: str, beside: Mapping[str, Any], note: Note) -> str:
    """An earlier answer without its reasoning, which models that reason do not see again either."""
    said, thought = split_answer(answer, beside)
    if thought:
        note("thought of an earlier turn")
    return said
