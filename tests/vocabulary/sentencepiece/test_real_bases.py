"""The promises on two real bases: equal ids, exact round trip, no piece out of reach, fertility."""

from pathlib import Path

import pytest
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

from hypnos.vocabulary.fertility import measure_text, split_terms
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.merge import extend_proto, load_proto, unreachable
from hypnos.vocabulary.sentencepiece.pieces import chain_terms, learn_pieces
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

BASES = ["llama2_tokenizer", "mistral_v1_32000"]
FERTILITY = {8_000: 0.78, 18_000: 0.71}


@pytest.fixture(scope="module", params=FERTILITY)
def learnt(request: pytest.FixtureRequest, corpus: list[str]) -> tuple[int, list[str]]:
    return request.param, learn_pieces(corpus, int(request.param * 1.25), coverage=0.999)


@pytest.fixture(scope="module", params=BASES)
def real_base(request: pytest.FixtureRequest, shared_data: Path) -> pb.ModelProto:
    file = shared_data / "tokenizers" / f"{request.param}.model"
    return load_proto(file.read_bytes(), str(file))


@pytest.fixture(scope="module")
def real(real_base: pb.ModelProto, learnt: tuple[int, list[str]], terms: list[str]) -> pb.ModelProto:
    size, pieces = learnt
    chain = chain_terms(terms, {piece.piece: piece.score for piece in real_base.pieces})
    return extend_proto(real_base, chain, pieces, size)


def test_every_line_reads_as_sentencepiece_reads_it(
    real: pb.ModelProto, real_texts: list[str], lines: list[str]
) -> None:
    texts = [*real_texts, *lines]
    assert len(texts) > 60_000
    tokenizer = build_tokenizer(real)
    ids = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    oracle = spm.SentencePieceProcessor(model_proto=real.SerializeToString()).encode(texts)
    assert [text for text, a, b in zip(texts, ids, oracle, strict=True) if a != b] == []
    back = tokenizer.batch_decode(ids)
    assert [text for text, got in zip(texts, back, strict=True) if got != text and "▁" not in text] == []


def test_every_piece_can_be_reached(
    real: pb.ModelProto, real_base: pb.ModelProto, learnt: tuple[int, list[str]]
) -> None:
    assert len(real.pieces) - len(real_base.pieces) == learnt[0]
    assert unreachable(real) == []


def test_english_reads_as_before(real: pb.ModelProto, real_base: pb.ModelProto, real_texts: list[str]) -> None:
    english = [text for text in real_texts if text.isascii()]
    assert len(english) > 50
    before, after = (spm.SentencePieceProcessor(model_proto=p.SerializeToString()) for p in (real_base, real))
    assert after.encode(english) == before.encode(english)


def test_fertility_on_questions_never_seen(
    real: pb.ModelProto, learnt: tuple[int, list[str]], questions: list[str]
) -> None:
    found = measure_text(SentencePieceTokenizer(build_tokenizer(real), real), questions)["tokens_per_character"]
    assert found <= FERTILITY[learnt[0]]


def test_every_term_is_whole(real: pb.ModelProto, terms: list[str]) -> None:
    assert split_terms(SentencePieceTokenizer(build_tokenizer(real), real), terms) == []


def test_new_pieces_are_spelled_by_the_base(real: pb.ModelProto, real_base: pb.ModelProto) -> None:
    before = SentencePieceTokenizer(build_tokenizer(real_base), real_base)
    new = [piece.piece for piece in real.pieces[len(real_base.pieces) :]]
    assert before.tokenizer.batch_decode(before.spell(new)) == new
