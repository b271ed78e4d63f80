"""Merging keeps merge order, leaves the base as it reads, and adds no piece that cannot be reached."""

import io
from collections.abc import Callable
from itertools import pairwise

import pytest
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

from hypnos.errors import UserError
from hypnos.vocabulary.sentencepiece.merge import EXACT, extend_proto, load_proto, tied_pieces, unreachable
from hypnos.vocabulary.sentencepiece.pieces import chain_terms

NESTED = [
    ("芬太尼", "舒芬太尼"),
    ("芬太尼", "瑞芬太尼"),
    ("芬太尼", "阿芬太尼"),
    ("肾上腺素", "去甲肾上腺素"),
    ("氯胺酮", "艾司氯胺酮"),
    ("布比卡因", "左布比卡因"),
    ("阿曲库铵", "顺阿曲库铵"),
    ("舒更葡糖", "舒更葡糖钠"),
]


def added(base: pb.ModelProto, extended: pb.ModelProto) -> list[str]:
    return [piece.piece for piece in extended.pieces[len(base.pieces) :]]


def test_the_base_stands_unchanged_before_the_new_pieces(base: pb.ModelProto, extended: pb.ModelProto) -> None:
    assert list(extended.pieces[: len(base.pieces)]) == list(base.pieces)
    assert extended.trainer_spec.vocab_size == len(extended.pieces) == len(base.pieces) + 3000
    assert len({piece.piece for piece in extended.pieces}) == len(extended.pieces)


def test_scores_are_distinct_and_descend_below_the_base(base: pb.ModelProto, extended: pb.ModelProto) -> None:
    scores = [piece.score for piece in extended.pieces[len(base.pieces) :]]
    assert scores[0] < min(piece.score for piece in base.pieces)
    assert all(a > b for a, b in pairwise(scores))
    assert tied_pieces(extended) == 0


def test_terms_come_before_learnt_merges_and_characters_last(
    base: pb.ModelProto, extended: pb.ModelProto, terms: list[str], learnt: list[str]
) -> None:
    new = added(base, extended)
    chain = chain_terms(terms)
    assert new[: len(chain)] == chain
    merges = [piece for piece in new[len(chain) :] if len(piece) > 1]
    assert merges == [piece for piece in learnt if piece in set(merges)]
    assert all(len(piece) == 1 for piece in new[len(chain) + len(merges) :])


def test_runs_of_spaces_scored_minus_a_billion_do_not_push_new_scores_below_them(
    proto_of: Callable[..., pb.ModelProto],
) -> None:
    base = proto_of(["▁", "a", "b", "ab", "▁▁", "▁▁▁▁"], [-1, -2, -3, -4, -1e9, -1e9])
    extended = extend_proto(base, chain_terms(["肌松"]), ["喉罩", "喉", "罩"], 6)
    scores = {piece.piece: piece.score for piece in extended.pieces}
    assert [scores[piece] for piece in ("肌松", "喉罩", "喉", "罩")] == [-5, -6, -7, -8]
    # As float32 numbers below -EXACT are further apart than 1, and pieces would share a score.
    assert -min(scores[piece] for piece in ("肌松", "喉罩")) < EXACT


def test_no_new_piece_is_out_of_reach(base: pb.ModelProto, extended: pb.ModelProto) -> None:
    assert unreachable(base) == []
    assert unreachable(extended) == []


def test_english_reads_as_before(base: pb.ModelProto, processor: spm.SentencePieceProcessor, lines: list[str]) -> None:
    before = spm.SentencePieceProcessor(model_proto=base.SerializeToString())
    english = [line for line in lines if line.isascii()]
    english += [f"{word}  the example, 12.5 mg ({number}) <s>\n" for number, word in enumerate(["An", "dose"] * 50)]
    assert len(english) > 100
    assert processor.encode(english) == before.encode(english)


FRAMES = [
    "{}",
    "患者予{}后血压下降。",
    "术中使用{}，观察疗效",
    "静脉注射{}2mg/kg",
    "the {} was given",
    "（{}）",
    "{}、{}",
    " {} ",
]


@pytest.mark.parametrize("frame", FRAMES)
def test_each_term_is_one_piece(frame: str, processor: spm.SentencePieceProcessor, terms: list[str]) -> None:
    assert len(terms) > 90
    broken = [term for term in terms if term not in processor.encode(frame.format(term, term), out_type=str)]
    assert broken == []


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("short", "long"), NESTED)
def test_nested_terms_are_each_one_piece(
    frame: str, short: str, long: str, processor: spm.SentencePieceProcessor
) -> None:
    found = processor.encode(frame.format(short, short), out_type=str)
    assert short in found and long not in found
    found = processor.encode(frame.format(long, long), out_type=str)
    assert long in found and short not in found
    both = processor.encode(f"{long}不是{short}", out_type=str)
    assert both.index(long) < both.index(short)


def test_look_alikes_stay_apart(processor: spm.SentencePieceProcessor) -> None:
    for text, whole in {"去氧肾上腺素": 1, "氢吗啡酮": 1, "吗啡": 1, "去甲肾上腺素": 1}.items():
        assert len(processor.encode(f"。{text}", out_type=str)) - len(processor.encode("。", out_type=str)) == whole


def test_a_piece_out_of_reach_is_left_out_and_the_next_moves_up(proto_of: Callable[..., pb.ModelProto]) -> None:
    base = proto_of(["▁", "a"])
    # 甲乙丙 splits into no two pieces, as a unigram vocabulary may.
    learnt = ["丙丁", "甲乙丙", "乙丁", "甲丁", "甲", "乙", "丙", "丁"]
    extended = extend_proto(base, [], learnt, 6)
    assert added(base, extended) == ["丙丁", "乙丁", "甲", "乙", "丙", "丁"]
    assert unreachable(extended) == []


def test_a_merge_that_terms_keep_from_forming_is_left_out(
    proto_of: Callable[..., pb.ModelProto], encode: Callable[..., list[str]]
) -> None:
    base = proto_of(["▁"])
    # 丙泊酚水 was learnt as 丙泊 + 酚水; the term's 泊酚 forms first, and its neighbours then have no way to join.
    learnt = ["丙泊", "酚水", "丙泊酚水", "水丙", "丙", "泊", "酚", "水"]
    free = extend_proto(base, [], learnt, 20)
    assert added(base, free) == learnt
    extended = extend_proto(base, ["泊酚"], learnt, 8)
    assert added(base, extended) == ["泊酚", "丙泊", "酚水", "水丙", "丙", "泊", "酚", "水"]
    assert encode(extended, "丙泊酚水") == ["丙", "泊酚", "水"]


def test_a_term_whose_chain_the_base_breaks(
    proto_of: Callable[..., pb.ModelProto], encode: Callable[..., list[str]]
) -> None:
    base = proto_of(["▁", "舒", "芬", "舒芬"])
    terms = ["芬太尼", "舒芬太尼"]
    blind = extend_proto(base, chain_terms(terms), [], 10)
    assert "舒芬太尼" not in added(base, blind)  # left out, not left unreachable
    assert unreachable(blind) == []
    seeing = extend_proto(base, chain_terms(terms, {p.piece: p.score for p in base.pieces}), [], 10)
    assert encode(seeing, "舒芬太尼") == ["舒芬太尼"]
    assert encode(seeing, "芬太尼") == ["芬太尼"]


def test_characters_of_terms_get_pieces_though_the_corpus_lacks_them(proto_of: Callable[..., pb.ModelProto]) -> None:
    base = proto_of(["▁"])
    assert added(base, extend_proto(base, ["喉罩"], [], 3)) == ["喉罩", "喉", "罩"]


def test_a_size_too_small_for_the_terms_names_the_numbers(proto_of: Callable[..., pb.ModelProto]) -> None:
    with pytest.raises(UserError, match=r"size 2 has no room: the terms need 1 pieces and .* characters 2"):
        extend_proto(proto_of(["▁"]), ["喉罩"], [], 2)


def test_fewer_pieces_than_asked_for(proto_of: Callable[..., pb.ModelProto]) -> None:
    base = proto_of(["▁"])
    assert added(base, extend_proto(base, [], ["喉罩", "喉", "罩"], 99)) == ["喉罩", "喉", "罩"]


def refused(proto: pb.ModelProto) -> str:
    with pytest.raises(UserError) as caught:
        load_proto(proto.SerializeToString(), "x.model")
    assert str(caught.value).startswith("x.model: ")
    return str(caught.value)


def test_models_that_cannot_be_converted_exactly_are_refused(proto_of: Callable[..., pb.ModelProto]) -> None:
    proto = proto_of(["▁", "a"])
    assert load_proto(proto.SerializeToString(), "x.model") == proto
    proto.trainer_spec.model_type = pb.TrainerSpec.UNIGRAM
    assert "only BPE models can be extended" in refused(proto)

    proto = proto_of(["▁", "a"])
    proto.trainer_spec.byte_fallback = False
    assert "no byte pieces" in refused(proto)

    proto = proto_of(["▁", "a"])
    proto.normalizer_spec.name, proto.normalizer_spec.precompiled_charsmap = "nmt_nfkc", b"table"
    assert "rewrites text before reading it (normaliser nmt_nfkc)" in refused(proto)

    proto = proto_of(["▁", "a"])
    proto.pieces.add(piece="<|im_start|>", type=pb.ModelProto.SentencePiece.USER_DEFINED)
    assert "1 pieces stand outside the merges, such as <|im_start|>" in refused(proto)


def test_a_unigram_model_of_the_trainer_is_refused(texts: list[str]) -> None:
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(texts[:50]),
        model_writer=model,
        model_type="unigram",
        vocab_size=2500,
        byte_fallback=True,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    with pytest.raises(UserError, match="only BPE models can be extended"):
        load_proto(model.getvalue(), "x.model")


@pytest.mark.parametrize("data", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\xff\xfe\x00"])
def test_what_is_no_model(data: bytes) -> None:
    with pytest.raises(UserError, match=r"x\.model: not a SentencePiece model"):
        load_proto(data, "x.model")


def test_equal_scores_are_counted(proto_of: Callable[..., pb.ModelProto]) -> None:
    assert tied_pieces(proto_of(["▁", "a", "b", "▁▁", "▁▁▁▁"], [-1, 0, 0, -1e9, -1e9])) == 2


def test_unreachable_pieces_of_a_usual_merge_are_found(proto_of: Callable[..., pb.ModelProto]) -> None:
    """Every new piece scored 0, from a vocabulary that was not learnt by merging."""
    proto = proto_of(["▁", "甲", "乙", "丙", "甲乙丙"], [-1, -2, -3, -4, 0])
    assert unreachable(proto) == ["甲乙丙"]
    assert unreachable(proto, start=len(proto.pieces)) == []
