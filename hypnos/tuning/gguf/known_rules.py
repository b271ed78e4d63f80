"""Finds the name that llama.cpp has for the rules by which a tokenizer cuts text, new pieces or not.

llama.cpp's converter knows a tokenizer by the tokens of one text, and no tokenizer with a vocabulary of one's own gives
those. But new merges stand behind all of the base's, so that with the last ones taken off, the base's tokens come back.
"""

import json
from collections.abc import Callable
from typing import Any

_MOST = 100
"""Times that merges are taken off: the text has a dozen Chinese characters, and a merge for each byte at most."""


def name_rules(tokenizer: Any, recognise: Callable[[Any], str]) -> str:
    """The name of a tokenizer's rules, or of those of the base that it extends.

    Args:
        tokenizer: as transformers reads it.
        recognise: names a tokenizer's rules, or raises NotImplementedError.

    Raises:
        NotImplementedError: neither it nor its base is known.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    asked = _Listener(tokenizer)
    try:
        return recognise(asked)
    except NotImplementedError:
        parts = json.loads(tokenizer.backend_tokenizer.to_str())
        merges = _merges(parts)
        ranks = {first + second: rank for rank, (first, second) in reversed(list(enumerate(merges)))}
        ids = asked.ids
        for _ in range(_MOST):
            pieces = tokenizer.convert_ids_to_tokens(ids)
            last = max((ranks[piece] for piece in pieces if piece in ranks), default=0)
            if not _may_be_new("".join(merges[last])):
                raise  # the last of all belongs to the base
            _take_off(parts, merges, last)
            merges = merges[:last]
            ranks = {piece: rank for piece, rank in ranks.items() if rank < last}
            shorter = _Listener(PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(parts))))
            try:
                return recognise(shorter)
            except NotImplementedError:
                ids = shorter.ids
        raise


def _may_be_new(piece: str) -> bool:
    """Whether a piece holds the first byte of a Chinese character, as all new ones do (E3 to E9, in pieces ã to é)."""
    return any("ã" <= sign <= "é" for sign in piece)


def _take_off(parts: dict[str, Any], merges: list[list[str]], last: int) -> None:
    """Leave the merges before `last`; where whole words are found without merges, no piece of the others either."""
    model = parts["model"]
    model["merges"] = merges[:last]
    if model.get("ignore_merges"):
        gone = {first + second for first, second in merges[last:]} - {a + b for a, b in merges[:last]}
        model["merges"] = [(a, b) for a, b in merges[:last] if not gone & {a, b, a + b}]
        model["vocab"] = {piece: number for piece, number in model["vocab"].items() if piece not in gone}


def _merges(parts: dict[str, Any]) -> list[list[str]]:
    merges = parts["model"].get("merges") or []
    return [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]


class _Listener:
    """A tokenizer that remembers what it was asked for last."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.ids: list[int] = []

    def encode(self, text: str) -> list[int]:
        self.ids = self._tokenizer.encode(text)
        return self.ids
