"""Finds the mark of a thought that did not end, and what would end it."""

import re

from hypnos.reasoning import CHANNEL_OPEN, FINAL, HEADING, OPEN, unclosed_tag

_ANALYSIS = "<|channel|>analysis<|message|>"


def open_mark(text: str) -> str:
    """The mark of the thought that a reply ends within, as it stands there; nothing where it ends outside one.

    What a prompt ends with, see `mark_before`, belongs before the reply.
    """
    if CHANNEL_OPEN.search(text):
        return _ANALYSIS
    heading = HEADING.match(text)
    if heading:
        return "" if FINAL.search(text, max(0, heading.end() - 1)) else heading[0]
    opened = unclosed_tag(text)
    return opened[0] if opened else ""


def mark_before(prompt: str) -> str:
    """The mark that a prompt ends with, where its template opens the thought; what a user wrote is none."""
    if CHANNEL_OPEN.search(prompt):
        return _ANALYSIS
    last = list(OPEN.finditer(prompt))[-1:]
    return last[0][0] if last and not prompt[last[0].end() :].strip() else ""


def closing_of(mark: str) -> str:
    """What ends a thought that `mark` opened, with the blank lines that templates put around it."""
    if mark == _ANALYSIS:
        return "<|end|><|start|>assistant<|channel|>final<|message|>"
    if HEADING.match(mark):
        return "\n\n## Final Response\n\n"
    if mark.startswith("<unused94>"):
        return "\n<unused95>\n"
    if "begin_of" in mark:
        return f"\n{mark.replace('begin_of', 'end_of')}\n\n"
    return "\n" + re.sub(r"^(<\|?|\[|◁)", r"\1/", mark) + "\n\n"
