"""Fertility counted by hand, terms that are split, and the report."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2 as pb

from hypnos.vocabulary.fertility import measure_text, report_fertility, split_terms
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer


def kind_of(proto: pb.ModelProto) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(build_tokenizer(proto), proto)


def test_tokens_and_bytes_by_hand(proto_of: Callable[..., pb.ModelProto]) -> None:
    tokenizer = kind_of(proto_of(["▁", "麻醉", "麻", "醉", "a"]))
    # ▁ 麻醉 a | ▁ and three bytes of 科
    assert measure_text(tokenizer, ["麻醉a", "科"]) == {
        "characters": 4,
        "tokens": 7,
        "tokens_per_character": 1.75,
        "byte_share": 3 / 7,
    }


def test_special_tokens_written_in_text_are_counted_as_text(proto_of: Callable[..., pb.ModelProto]) -> None:
    tokenizer = kind_of(proto_of(["▁", "a"]))
    assert measure_text(tokenizer, ["<s>"])["tokens"] == 4  # ▁ and three bytes, and no BOS


def test_no_text_and_much_text(proto_of: Callable[..., pb.ModelProto]) -> None:
    tokenizer = kind_of(proto_of(["▁", "a"]))
    assert measure_text(tokenizer, []) == {"characters": 0, "tokens": 0, "tokens_per_character": 0, "byte_share": 0}
    assert measure_text(tokenizer, ["a"] * 2500)["tokens"] == 5000  # more than one batch


def test_split_terms(proto_of: Callable[..., pb.ModelProto]) -> None:
    tokenizer = kind_of(proto_of(["▁", "喉", "罩", "肌", "松", "喉罩", "用", "用肌", "使", "使用"]))
    # 肌松 is no piece at all; 喉罩 is one everywhere.
    assert split_terms(tokenizer, ["喉罩", "肌松"]) == ["肌松"]
    tokenizer = kind_of(proto_of(["▁", "喉", "罩", "用", "用喉", "喉罩"]))
    # Whole alone, but 术中使用喉罩 takes 喉 away.
    assert tokenizer.tokenizer.tokenize("喉罩") == ["▁", "喉罩"]
    assert split_terms(tokenizer, ["喉罩"]) == ["喉罩"]


def test_every_term_of_the_specialty_is_whole(
    base: pb.ModelProto, extended_kind: SentencePieceTokenizer, terms: list[str]
) -> None:
    assert split_terms(extended_kind, terms) == []
    assert split_terms(kind_of(base), terms) == sorted(set(terms))


def test_the_report(
    tmp_path: Path,
    base: pb.ModelProto,
    extended_kind: SentencePieceTokenizer,
    texts: list[str],
    terms: list[str],
) -> None:
    before = kind_of(base)
    found = report_fertility(
        tmp_path,
        before=before,
        after=extended_kind,
        texts={"anesthesia": texts[-20:], "nothing held out": []},
        terms=terms,
        parameters_added=3000 * 2 * 160,
    )
    assert found["pieces"] == {"before": 1500, "after": 4500}
    assert found["unreachable_pieces"] == []
    assert found["terms"] == len(terms)
    assert found["terms_split"] == {"before": len(set(terms)), "after": []}
    assert found["parameters_added"] == 960_000
    assert list(found["kinds"]) == ["anesthesia"]
    kind = found["kinds"]["anesthesia"]
    assert kind["before"]["tokens_per_character"] > 2 > 1 > kind["after"]["tokens_per_character"]
    assert kind["before"]["byte_share"] > 0.9 and kind["after"]["byte_share"] < 0.05
    assert (tmp_path / "fertility.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kinds", [{}, {"empty": []}])
def test_a_report_without_held_out_text(kinds: dict, tmp_path: Path, extended_kind: SentencePieceTokenizer) -> None:
    found = report_fertility(
        tmp_path, before=extended_kind, after=extended_kind, texts=kinds, terms=[], parameters_added=0
    )
    assert found["kinds"] == {} and found["unreachable_pieces"] == []
    assert not (tmp_path / "fertility.png").exists()
