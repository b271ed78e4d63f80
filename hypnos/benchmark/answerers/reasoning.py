"""Cuts off the reasoning that a model writes before its answer, between <think> tags."""

import re

OPEN = re.compile(r"<think(?:ing)?\s*>", re.IGNORECASE)
CLOSE = re.compile(r"</think(?:ing)?\s*>", re.IGNORECASE)


def cut_thinking(text: str, *, opened: bool = False) -> tuple[str, int]:
    """Take the reasoning out of a reply.

    A tag that was opened and never closed means that the model was stopped while it reasoned: it gave no answer.
    A tag closed without having been opened stood in the prompt, as some templates put it there.

    Args:
        text: the reply.
        opened: whether the prompt ended within an open tag.

    Returns:
        The answer, and how many characters of reasoning were cut off, without their tags.
    """
    kept: list[str] = []
    thought = position = 0
    inside = opened
    # Each tag is looked for once: a reply may be megabytes of closing tags.
    opening = OPEN.search(text)
    closing = CLOSE.search(text)
    while True:
        if closing and closing.start() < position:
            closing = CLOSE.search(text, position)
        if not inside:
            if opening and opening.start() < position:
                opening = OPEN.search(text, position)
            if opening and not (closing and closing.start() < opening.start()):
                kept.append(text[position : opening.start()])
                position, inside = opening.end(), True
                continue
            if closing is None:
                kept.append(text[position:])
                return "".join(kept).strip(), thought
            # Closed but never opened: all that came before was reasoning.
            thought += sum(map(len, kept)) + closing.start() - position
            kept, position = [], closing.end()
            continue
        if closing is None:
            return "".join(kept).strip(), thought + len(text) - position
        thought += closing.start() - position
        position, inside = closing.end(), False


def leaves_open(prompt: str) -> bool:
    """Whether a prompt ends within a reasoning tag."""
    ends = [match.end() for match in CLOSE.finditer(prompt)]
    return any(match.start() >= max(ends, default=0) for match in OPEN.finditer(prompt))
