"""Cuts off the reasoning that a model writes before its answer, however it is marked.

| Marks | Written by |
|---|---|
| `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, `<seed:think>`, `◁think▷`, `[THINK]` | most |
| `<|begin_of_thought|> ... <|end_of_thought|>`, `<unused94>thought ... <unused95>` | some |
| `<|channel|>analysis<|message|> ... <|channel|>final<|message|>`, also without the special tokens | gpt-oss |
| `## Thinking ... ## Final Response` | HuatuoGPT-o1 |
"""

import re

_WORD = r"(?:[a-z]+:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|scratchpad)"
OPEN = re.compile(
    rf"<\|?(?P<angle>{_WORD})\|?\s*>|\[(?P<square>THINK(?:ING)?)\]|◁(?P<wedge>think)▷|<\|begin_of_(?P<pipe>thought)\|>"
    r"|<unused94>\s*(?P<unused>thought)?",
    re.IGNORECASE,
)
CLOSE = re.compile(
    rf"</\|?(?P<angle>{_WORD})\|?\s*>|<\|/(?P<bar>{_WORD})\|>|\[/(?P<square>THINK(?:ING)?)\]|◁/(?P<wedge>think)▷"
    r"|<\|end_of_(?P<pipe>thought)\|>|(?P<unused><unused95>)",
    re.IGNORECASE,
)
_SOLUTION = re.compile(r"<\|(?:begin|end)_of_solution\|>")

_CHANNEL = re.compile(
    r"<\|channel\|>\s*(?P<name>\w+)[^<]*<\|message\|>(?P<text>.*?)(?=<\|(?:end|return|call|start|channel)\|>|$)",
    re.DOTALL,
)
_CHANNEL_LEFT = re.compile(r"\s*analysis(?P<thought>.*?)assistant\s*final(?P<answer>.*)$", re.DOTALL)
CHANNEL_OPEN = re.compile(r"<\|channel\|>\s*(?!final)\w+[^<]*<\|message\|>(?:(?!<\|end\|>).)*$", re.DOTALL)

HEADING = re.compile(r"\s*#{1,6}[ \t]*(?:\*\*)?Thinking(?: Process)?(?:\*\*)?[ \t]*:?[ \t]*(?:\n|$)", re.IGNORECASE)
FINAL = re.compile(
    r"(?:^|\n)[ \t]*#{1,6}[ \t]*(?:\*\*)?(?:Final (?:Response|Answer))(?:\*\*)?[ \t]*:?[ \t]*(?:\n|$)", re.IGNORECASE
)


def cut_thinking(text: str, *, opened: bool = False) -> tuple[str, int]:
    """Take the reasoning out of a reply.

    A mark that was opened and never closed means that the model was stopped while it reasoned: it gave no answer.
    A mark closed without having been opened stood in the prompt, as some templates put it there. Within a mark, another
    kind of mark is part of the reasoning.

    Args:
        text: the reply.
        opened: whether the prompt ended within reasoning.

    Returns:
        The answer, and how many characters of reasoning were cut off, without their marks and the blanks at its ends.
    """
    answer, thought = split_thinking(text, opened=opened)
    return answer, len(thought.strip())


def split_thinking(text: str, *, opened: bool = False) -> tuple[str, str]:
    """The answer of a reply, and its reasoning without marks; see `cut_thinking`."""
    for cut in (_of_channels, _of_headings):
        found = cut(text, opened)
        if found is not None:
            return found
    return _of_tags(_SOLUTION.sub("", text), opened)


def begins_with_thinking(text: str) -> bool:
    """Whether a text opens with reasoning, or with the rest of some that its prompt had opened."""
    start = text.lstrip()
    marks = (OPEN, HEADING, _CHANNEL, _CHANNEL_LEFT)
    return any(mark.match(start) for mark in marks) or (OPEN.search(text) is None and "</think>" in text)


def cut_open_thought(text: str) -> str:
    """Cut off reasoning that did not end, and leave what ended: whatever stands in the former is no answer yet."""
    opened = unclosed_tag(text)
    return text[: opened.start()] if opened else text


def unclosed_tag(text: str) -> re.Match[str] | None:
    """The tag that opens reasoning which does not end in the text; another kind of tag within it is part of it."""
    opened: re.Match[str] | None = None
    for mark in sorted([*OPEN.finditer(text), *CLOSE.finditer(text)], key=lambda mark: mark.start()):
        if mark.re is OPEN:
            opened = opened or mark
        elif opened is not None and _kind(mark) == _kind(opened):
            opened = None
    return opened


def leaves_open(prompt: str) -> bool:
    """Whether a prompt ends within reasoning."""
    ends = [match.end() for match in CLOSE.finditer(prompt)]
    within_tag = any(match.start() >= max(ends, default=0) for match in OPEN.finditer(prompt))
    return within_tag or bool(CHANNEL_OPEN.search(prompt))


def _of_channels(text: str, opened: bool) -> tuple[str, str] | None:
    left = _CHANNEL_LEFT.match(text)
    if left:
        return left["answer"].strip(), left["thought"]
    messages = list(_CHANNEL.finditer(text))
    if not messages:
        return None
    before = re.sub(r"<\|start\|>\s*\w*|<\|end\|>", "", text[: messages[0].start()]) if opened else ""
    thought = before + "".join(message["text"] for message in messages if message["name"] != "final")
    return "".join(message["text"] for message in messages if message["name"] == "final").strip(), thought


def _of_headings(text: str, opened: bool) -> tuple[str, str] | None:
    begin = HEADING.match(text)
    if begin is None and not opened:
        return None
    start = begin.end() if begin else 0
    final = FINAL.search(text, max(0, start - 1))
    if final is None:
        return ("", text[start:]) if begin else None
    return text[final.end() :].strip(), text[start : final.start()].strip()


def _of_tags(text: str, opened: bool) -> tuple[str, str]:
    # Each mark is looked for once: a reply may be megabytes of closing tags.
    marks = sorted([*OPEN.finditer(text), *CLOSE.finditer(text)], key=lambda mark: mark.start())
    kept: list[str] = []
    thought: list[str] = []
    position = 0
    inside, kind = opened, ""
    for mark in marks:
        closes = mark.re is CLOSE
        if inside:
            if closes and kind in ("", _kind(mark)):
                thought.append(text[position : mark.start()])
                position, inside = mark.end(), False
        elif closes:
            # Closed but never opened: all that came before was reasoning.
            thought += [*kept, text[position : mark.start()]]
            kept, position = [], mark.end()
        else:
            kept.append(text[position : mark.start()])
            position, inside, kind = mark.end(), True, _kind(mark)
    if inside:
        thought.append(text[position:])
    else:
        kept.append(text[position:])
    return "".join(kept).strip(), "".join(thought)


def _kind(mark: re.Match[str]) -> str:
    """A mark's word without its ending, so that `<think>` may be closed by `</thinking>`."""
    if mark[0].startswith("<unused"):
        return "unused"
    word = next(group for group in mark.groups() if group).lower()
    return re.sub(r"ing$|s$", "", word)
