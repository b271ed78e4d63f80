"""Reads a served reply with its thought, wherever the server put it, and says how a cut thought goes on."""

from dataclasses import dataclass

from hypnos.llm.chat import CUT_FINISHES
from hypnos.llm.parsing.open_thought import closing_of, open_mark
from hypnos.llm.requests import Answer
from hypnos.reasoning import CLOSE, OPEN

_MARK = "<think>\n"
"""What templates open a thought with, where the server keeps the mark to itself."""


def whole_text(reply: Answer[str], *, asked: bool) -> str:
    """A reply as its model wrote it: a thought that came apart stands between marks before the answer.

    Args:
        reply: with `reasoning`, or with marks in its text; the first mark may be missing, where a template wrote it.
        asked: whether thinking was asked for: then a reply without any mark that was cut is a thought.
    """
    if reply.reasoning:
        return f"{_MARK}{reply.reasoning}" + (f"\n</think>\n\n{reply.text}" if reply.text.strip() else "")
    opened, closed = OPEN.search(reply.text), CLOSE.search(reply.text)
    cut_before_any = asked and reply.finish in CUT_FINISHES and not opened and not open_mark(reply.text)
    before = closed and not (opened and opened.start() < closed.start())
    return f"{_MARK}{reply.text}" if before or cut_before_any else reply.text


@dataclass(frozen=True, slots=True)
class Beginning:
    """A reply that goes on.

    Attributes:
        text: so far, with the thought between its marks; one that was open is closed.
        sent: the same with the blank lines that chat templates put around a thought, so that they find it again.
        closed: whether it was closed here, and not by the model.
    """

    text: str
    sent: str
    closed: bool


def beginning(text: str, *, cut: bool) -> Beginning | None:
    """What the model goes on with; None where nothing is left to ask.

    Args:
        text: the reply so far, see `whole_text`.
        cut: whether it reached its limit of tokens; one that stopped within its thought has no answer either.
    """
    mark = open_mark(text)
    if not (cut or mark):
        return None
    text = text.rstrip("\ufffd")  # a sign whose other bytes had not come yet
    whole = text + closing_of(mark) if mark else text
    opened, closed = OPEN.match(whole), CLOSE.search(whole)
    sent = whole
    if opened and closed:
        thought, answer = whole[opened.end() : closed.start()], whole[closed.end() :]
        sent = f"{opened[0]}\n{thought.strip()}\n{closed[0]}\n\n{answer.lstrip()}"
    return Beginning(whole, sent, closed=bool(mark))
