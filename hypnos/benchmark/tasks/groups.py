"""Groups questions that belong together: those of one case, of one passage, or over the same options."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hypnos.benchmark.items import Item

CASE = 20
"""Characters from which what stands before the last sentence of a stem counts as a case (A3/A4)."""

MOST = 10
"""Questions that may share a case, options or words: what more have in common is a form (yes, no, maybe)."""


def with_groups(items: Sequence[Item]) -> list[Item]:
    """Give a group to each item whose file names none, so that what is not independent is resampled as one.

    One group are questions on one passage, or in choice sets questions with one case before the sentence that asks
    (A3/A4), the same options (B) or the same words. What more than `MOST` questions share binds none of them: it is an
    instruction, or a scale such as yes, no and maybe. A group that the file names stays as it is.
    """
    shared = Counter(mark for item in items for mark in set(_marks(item)))
    parents: dict[str, str] = {}

    def find(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    marks = {item.id: _own(item, shared) for item in items if not item.group}
    for first, *others in marks.values():
        for other in others:
            # The smaller name wins, so that the order of the file does not matter.
            low, high = sorted((find(first), find(other)))
            parents[high] = low
    return [item if item.group else replace(item, group=find(marks[item.id][0])) for item in items]


def _own(item: Item, shared: Mapping[str, int]) -> list[str]:
    """The marks that bind an item, first one that is always there."""
    first, *others = _marks(item)
    if not item.passage and shared[first] > MOST:
        first = _digest(item.question, item.id)
    return [first, *(mark for mark in others if shared[mark] <= MOST)]


def _marks(item: Item) -> Iterator[str]:
    """What an item shares with those of its group; the first is always there."""
    yield _digest(item.passage or item.question)
    if item.kind != "choice":
        return
    yield _digest("question", item.question)
    yield _digest("options", *sorted(item.options.values()))
    case = _case(item.question)
    if case:
        yield _digest("case", case)


def _case(stem: str) -> str:
    """What stands before the sentence that asks, where it is long enough to be a case."""
    ends = [match.end() for match in re.finditer(r"[。！!?？；;\n]", stem) if re.search(r"\w", stem[match.end() :])]
    return stem[: ends[-1]].strip() if ends and ends[-1] >= CASE else ""


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
