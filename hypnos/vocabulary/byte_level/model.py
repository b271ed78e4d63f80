"""A byte-level BPE model out of tokenizer.json: what it is, how it splits, and how pieces are appended to it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer


def is_byte_level(backend: Tokenizer) -> bool:
    """Whether a tokenizer is BPE over the bytes of a text."""
    described = json.loads(backend.to_str())
    model, cutter = described["model"], described["pre_tokenizer"] or {}
    affixes = model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
    return bool(
        model.get("type") == "BPE"
        and not model.get("byte_fallback")
        and not affixes
        and any(part.get("type") == "ByteLevel" for part in (cutter, *cutter.get("pretokenizers", [])))
    )


def count_merges(backend: Tokenizer) -> int:
    """Number of merges of a BPE model."""
    return len(json.loads(backend.to_str())["model"]["merges"])


def cut_text(backend: Tokenizer, text: str) -> list[str]:
    """The parts of a text within which pieces are merged, as the tokenizer's own rules cut it, in signs of bytes."""
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    return [part for part, _ in backend.pre_tokenizer.pre_tokenize_str(text)]


def split_part(backend: Tokenizer, part: str) -> list[str]:
    """The pieces of one such part."""
    return [token.value for token in backend.model.tokenize(part)]


def append_pieces(backend: Tokenizer, pieces: Sequence[str]) -> Tokenizer:
    """A copy with new pieces behind all that the tokenizer has, each with its merges behind all of its merges.

    A piece gets a merge for every split of it into two pieces, which is what tiktoken reads out of ranks alone. All
    else in tokenizer.json stays as it is written. Special tokens are named in the model's own vocabulary too: where
    their ids lie beyond it, as Llama 3's do, the new ids would otherwise leave a hole there, which moves them.

    Args:
        backend: a byte-level BPE model.
        pieces: in merge order, in signs of bytes.
    """
    described = json.loads(backend.to_str())
    model: dict[str, Any] = described["model"]
    special = {token["content"]: token["id"] for token in described["added_tokens"]}
    known = {*model["vocab"], *pieces} - special.keys()
    first = max(*model["vocab"].values(), *special.values(), -1) + 1
    model["vocab"] |= special
    model["vocab"] |= {piece: first + i for i, piece in enumerate(pieces)}
    model["merges"] += [list(split) for piece in pieces for split in _splits(piece, known)]
    return Tokenizer.from_str(json.dumps(described))


def merges_only(backend: Tokenizer) -> Tokenizer:
    """A copy that reads any text by its merges, and special tokens as text.

    Llama 3's model gives a part of a text that is a piece as that piece, whether or not the merges lead there.
    """
    described = json.loads(backend.to_str())
    described["model"]["ignore_merges"] = False
    copy = Tokenizer.from_str(json.dumps(described))
    copy.encode_special_tokens = True
    return copy


def _splits(piece: str, known: set[str]) -> Iterable[tuple[str, str]]:
    halves = ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
    return (half for half in halves if known.issuperset(half))
