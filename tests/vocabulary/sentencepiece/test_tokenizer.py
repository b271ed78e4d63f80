"""The SentencePiece kind: what the base makes of new pieces, and what is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import AutoTokenizer

from hypnos.errors import UserError
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer

Folder = Callable[..., Path]


def test_each_new_piece_is_spelled_by_the_pieces_that_read_it_before(
    base: pb.ModelProto, extended: pb.ModelProto
) -> None:
    kind = SentencePieceTokenizer(build_tokenizer(base), base)
    before, new = kind.tokenizer, [piece.piece for piece in extended.pieces[len(base.pieces) :]]
    spelled = kind.spell(new)
    assert before.batch_decode(spelled) == new
    # Not one of them holds the space that the base puts before a text.
    space = before.convert_tokens_to_ids("▁")
    assert all(ids and space not in ids for ids in spelled)
    assert kind.spell(["麻"]) == [before.convert_tokens_to_ids([f"<0x{b:02X}>" for b in "麻".encode()])]
    assert kind.spell([]) == []


def test_writing_wants_a_template(tmp_path: Path, extended: pb.ModelProto) -> None:
    bare = SentencePieceTokenizer(build_tokenizer(extended), extended)
    with pytest.raises(UserError, match="no chat template of its own"):
        bare.write(tmp_path, template=None)
    bare.tokenizer.chat_template = "{{ own }}"
    bare.write(tmp_path, template=None)
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == "{{ own }}"
    assert (tmp_path / "tokenizer.model").read_bytes() == extended.SerializeToString()
