"""The kind of tokenizer that Llama 3, SmolLM2 and Qwen have: byte-level BPE."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from hypnos.errors import UserError
from hypnos.vocabulary.byte_level.alphabet import read_bytes, read_text, write_text
from hypnos.vocabulary.byte_level.characters import chain_characters, choose_characters, complete
from hypnos.vocabulary.byte_level.corpus import count_characters, count_parts
from hypnos.vocabulary.byte_level.learn import learn_merges
from hypnos.vocabulary.byte_level.model import append_pieces, count_merges, merges_only
from hypnos.vocabulary.byte_level.terms import chain_terms, spaced_terms
from hypnos.vocabulary.kind import BaseTokenizer

SPARE = 1.25
"""Pieces learnt for each one asked for: some are left out since no text would show them."""


class ByteLevelTokenizer(BaseTokenizer):
    """A fast tokenizer whose pieces are rows of bytes."""

    @property
    def backend(self) -> Tokenizer:
        """The tokenizer of the library `tokenizers`."""
        return self.tokenizer.backend_tokenizer

    def extend(self, texts: Iterable[str], terms: Sequence[str], *, size: int, coverage: float) -> "ByteLevelTokenizer":
        """Append characters, then terms, then merges learnt on what these leave of the corpus."""
        self._check()
        terms = [text for text in map(self._normalized, terms) if text]
        parts = count_parts(self.backend, texts)
        common = choose_characters(count_characters(parts), coverage=coverage)
        needed = sorted({character for term in terms for character in term} - set(common))
        alone = chain_characters(self.backend, [*common, *needed])
        spelled = append_pieces(self.backend, alone)
        chain = chain_terms(spelled, [*terms, *spaced_terms(spelled, terms)])
        room = size - len(alone) - len(chain)
        if room < 0:
            raise UserError(
                f"vocabulary.size {size} has no room: the terms need {len(chain)} pieces and the corpus'"
                f" characters {len(alone)}; raise size or lower coverage"
            )
        merges = learn_merges(append_pieces(self.backend, [*alone, *chain]), parts, set(terms), int(room * SPARE))
        while True:
            extended = self._append([*alone, *chain, *merges[:room]])
            stuck = set(extended.unreachable(start=len(self)))
            if not stuck:
                return extended
            alone, chain, merges = ([p for p in pieces if p not in stuck] for pieces in (alone, chain, merges))
            room = size - len(alone) - len(chain)

    def spell(self, pieces: Sequence[str]) -> list[list[int]]:
        """The ids for each piece, which is read by itself; bytes need not be a text."""
        return [[token.id for token in self.backend.model.tokenize(piece)] for piece in pieces]

    def written(self, text: str) -> str:
        """A text in signs of bytes, after the tokenizer's normaliser."""
        return write_text(self._normalized(text))

    def fragments(self) -> set[int]:
        """Ids of pieces that begin or end within a character."""
        return {i for piece, i in self.backend.get_vocab().items() if read_bytes(piece) and read_text(piece) is None}

    def unreachable(self, *, start: int = 0) -> list[str]:
        """Pieces from index `start` that their own text does not produce, nor any that continues a broken character."""
        special = self.backend.get_added_tokens_decoder()
        ids = [i for i in range(start, len(self)) if i not in special]
        merging = merges_only(self.backend)
        return [piece for i in ids if (piece := self.backend.id_to_token(i)) and not _reaches(merging, i, piece)]

    def _normalized(self, text: str) -> str:
        normalizer = self.backend.normalizer
        return text if normalizer is None else normalizer.normalize_str(text)

    def _check(self) -> None:
        """Refuse a base to which nothing can be appended exactly."""
        if not count_merges(self.backend):
            raise UserError(f"{self.name}: byte-level BPE without merges (tokenizer.json) cannot be extended")
        last = max(self.backend.get_vocab().values())
        if last >= len(self):
            raise UserError(f"{self.name}: the tokenizer has {len(self)} pieces, but its ids go up to {last}")

    def _append(self, pieces: Sequence[str]) -> "ByteLevelTokenizer":
        with tempfile.TemporaryDirectory() as folder:
            # Whatever else the tokenizer holds (special tokens, template, limits) goes along as transformers keeps it.
            self.tokenizer.save_pretrained(folder)
            append_pieces(self.backend, pieces).save(str(Path(folder) / "tokenizer.json"))
            return ByteLevelTokenizer(PreTrainedTokenizerFast.from_pretrained(folder), name=self.name)


def _reaches(backend: Tokenizer, i: int, piece: str) -> bool:
    text = read_text(piece)
    texts = complete(piece) if text is None else [text, f"\n{text}", f"。{text}"]
    return any(i in backend.encode(text, add_special_tokens=False).ids for text in texts)
