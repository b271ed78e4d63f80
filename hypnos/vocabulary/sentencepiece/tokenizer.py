"""Llama-2's kind of tokenizer: SentencePiece BPE with byte fallback."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import PreTrainedTokenizerFast

from hypnos.vocabulary.kind import BaseTokenizer
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.merge import extend_proto, unreachable
from hypnos.vocabulary.sentencepiece.pieces import chain_terms, learn_pieces

BYTE = re.compile(r"<0x[0-9A-F]{2}>")

PROTO = "tokenizer.model"

SPARE = 1.25
"""Pieces learnt for each one asked for: some are the base's already, or lose their way to the terms."""


class SentencePieceTokenizer(BaseTokenizer):
    """A fast tokenizer that equals its SentencePiece model; both are written."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, proto: pb.ModelProto, *, name: str = PROTO) -> None:
        """Pair a tokenizer with the model it was converted from."""
        super().__init__(tokenizer, name=name)
        self.proto = proto

    def extend(
        self, texts: Iterable[str], terms: Sequence[str], *, size: int, coverage: float
    ) -> "SentencePieceTokenizer":
        """Train on Chinese runs with SentencePiece, and append below the base's scores."""
        learnt = learn_pieces(texts, int(size * SPARE), coverage=coverage)
        chain = chain_terms(terms, {piece.piece: piece.score for piece in self.proto.pieces})
        extended = extend_proto(self.proto, chain, learnt, size)
        tokenizer = build_tokenizer(extended)
        tokenizer.chat_template = self.tokenizer.chat_template
        return SentencePieceTokenizer(tokenizer, extended, name=self.name)

    def spell(self, pieces: Sequence[str]) -> list[list[int]]:
        """The ids for each piece, without the space that is put before a text."""
        if not pieces:
            return []
        # A new piece is Han text: behind another character it is read as it stands within a sentence.
        frame = self.tokenizer("。", add_special_tokens=False)["input_ids"]
        texts = [f"。{piece}" for piece in pieces]
        return [ids[len(frame) :] for ids in self.tokenizer(texts, add_special_tokens=False)["input_ids"]]

    def fragments(self) -> set[int]:
        """Ids of the byte pieces."""
        return {i for piece, i in self.tokenizer.get_vocab().items() if BYTE.fullmatch(piece)}

    def unreachable(self, *, start: int = 0) -> list[str]:
        """Ordinary pieces from index `start` that their own text does not produce."""
        return unreachable(self.proto, start=start)

    def write(self, directory: Path, *, template: str | None) -> None:
        """Write the tokenizer's directory, its SentencePiece model beside it."""
        super().write(directory, template=template)
        (directory / PROTO).write_bytes(self.proto.SerializeToString())
