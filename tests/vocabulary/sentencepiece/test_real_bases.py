"""The promises on two real bases: equal ids, exact round trip, no piece out of reach, fertility."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
FIELDS = ("instruction", "input", "output", "history", "context", "question", "answers")


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def rows(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        yield from map(json.loads, file.read_text("utf-8").splitlines())


@pytest.fixture(scope="module")
def everything(shared_data: Path) -> list[str]:
    """Each distinct text under the folder, whole and by lines."""
    texts = {text for file in shared_data.rglob("*.jsonl") for text in strings(list(rows(file)))}
    texts |= {file.read_text("utf-8") for kind in ("*.txt", "*.md") for file in shared_data.rglob(kind)}
    return sorted(texts | {line for text in texts for line in text.split("\n")})


@pytest.fixture(scope="module")
def questions(shared_data: Path) -> list[str]:
    """Choice questions; nothing of them is learnt from."""
    files = sorted((shared_data / "mcq").glob("*.jsonl"))
    return ["\n".join([row["question"], *row["options"].values()]) for row in rows(*files)]


@pytest.fixture(scope="module", params=FERTILITY)
def learnt(request: pytest.FixtureRequest, shared_data: Path) -> tuple[int, list[str]]:
    files = [file for folder in ("qa", "reading") for file in sorted((shared_data / folder).glob("*.jsonl"))]
    texts = (text for row in rows(*files) for field in FIELDS for text in strings(row.get(field)))
    return request.param, learn_pieces(texts, int(request.param * 1.25), coverage=0.999)


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
    real: pb.ModelProto, everything: list[str], lines: list[str]
) -> None:
    texts = [*everything, *lines]
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


def test_english_reads_as_before(real: pb.ModelProto, real_base: pb.ModelProto, everything: list[str]) -> None:
    english = [text for text in everything if text.isascii()]
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
