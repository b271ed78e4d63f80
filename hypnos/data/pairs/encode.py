"""Encodes pairs of answers: two documents that differ in nothing but the answer."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypnos.corpus.records import Instruction
from hypnos.data.encode import Document, Encoder, TooLong
from hypnos.data.pairs.preference import Preference


def encode_pairs(encoder: Encoder, pairs: Iterable[Preference]) -> Iterator[list[Document] | TooLong]:
    """Encode each pair: the chosen answer's document and the rejected one's, or why there are none.

    Both sides are cut alike: they lose the same oldest turns, and then each answer what the prompt leaves no room for.
    """
    for pair in pairs:
        turns = _fitting_turns(encoder, pair)
        shorter = turns < len(pair.chosen.history)
        documents: list[Document] = []
        for result in encoder.encode(_sides(pair, turns)):
            if isinstance(result, TooLong):
                yield result
                break
            documents += [replace(document, truncated=document.truncated or shorter) for document in result]
        else:
            yield documents


def _sides(pair: Preference, turns: int) -> list[Instruction]:
    """Both conversations with the newest turns of their history."""
    kept = pair.chosen.history[len(pair.chosen.history) - turns :]
    return [replace(side, history=kept) for side in (pair.chosen, pair.rejected)]


def _fitting_turns(encoder: Encoder, pair: Preference) -> int:
    """How many turns of the history leave both answers whole; 0 where even none does."""

    def too_many(turns: int) -> bool:
        results = encoder.encode(_sides(pair, turns))
        return any(isinstance(result, TooLong) or result[0].truncated for result in results)

    return max(bisect_left(range(len(pair.chosen.history) + 1), True, key=too_many) - 1, 0)
