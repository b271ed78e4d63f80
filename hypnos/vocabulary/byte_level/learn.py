"""Learns merges on Han text as the base, its new characters and its terms have already merged it."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from hypnos.vocabulary.byte_level.alphabet import read_text, write_text
from hypnos.vocabulary.byte_level.model import split_part
from hypnos.vocabulary.han import HAN_TEXT, LONGEST

SEEN = 2
"""Times a pair must stand in the corpus to be learnt."""

FIRST = 0xF0000
"""The private-use planes of Unicode: each piece stands for itself there as one character, to be paired with others."""

BATCH = 1000


def learn_merges(backend: Tokenizer, parts: Counter[str], terms: Collection[str], size: int) -> list[str]:
    """Train BPE on rows of whole Han pieces.

    What the base merges comes before any new merge. Learning on what it leaves, each new piece stands in the corpus as
    it would be read; and where one of the base's pieces ends within a character, nothing is learnt across it. A term is
    joined with nothing, and no piece holds one: what is whole stays whole in a sentence.

    Args:
        backend: the base with its new characters and terms.
        parts: of the corpus, counted, in signs of bytes.
        terms: that stay by themselves.
        size: how many pieces to learn.

    Returns:
        New pieces in merge order, in signs of bytes; fewer than `size` where the corpus has no more to offer.
    """
    marks = _Marks(terms)
    rows: Counter[str] = Counter()
    for part, count in parts.items():
        marked = "".join(marks[piece] for piece in split_part(backend, part))
        for row in marked.split():
            if len(row) > 1:
                rows[row] += count
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=len(set("".join(rows))) + size, min_frequency=SEEN, max_token_length=LONGEST, show_progress=False
    )
    learner.train_from_iterator(_repeat(rows), trainer)
    known = set(backend.get_vocab())
    merges = json.loads(learner.to_str())["model"]["merges"]
    pieces = dict.fromkeys("".join(marks.meant[mark] for mark in left + right) for left, right in merges)
    held = re.compile("|".join(map(write_text, terms)) or "$^")
    longest = LONGEST * len(write_text("一"))
    return [piece for piece in pieces if piece not in known and len(piece) <= longest and not held.search(piece)]


class _Marks(dict[str, str]):
    """The mark of each piece that is whole Han characters and no term; a space for any other."""

    def __init__(self, terms: Collection[str]) -> None:
        super().__init__()
        self.terms = terms
        self.meant: dict[str, str] = {}

    def __missing__(self, piece: str) -> str:
        text = read_text(piece)
        if text and HAN_TEXT.fullmatch(text) and text not in self.terms:
            self[piece] = chr(FIRST + len(self.meant))
            self.meant[self[piece]] = piece
        else:
            self[piece] = " "
        return self[piece]


def _repeat(rows: Counter[str]) -> Iterator[list[str]]:
    """The rows as often as they were seen, in a fixed order."""
    batch: list[str] = []
    for row in sorted(rows):
        batch.append(f"{row} " * rows[row])
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch
