"""New pieces: what is learnt, and chains that keep terms whole."""

from collections.abc import Iterator

import pytest

from hypnos.errors import UserError
from hypnos.vocabulary.sentencepiece import pieces
from hypnos.vocabulary.sentencepiece.pieces import CHINESE, chain_terms, chinese_runs, learn_pieces, merge_by_rank


def test_runs_hold_han_and_chinese_punctuation_only() -> None:
    text = "丙泊酚 2mg/kg，TIVA。\n（BIS）😀日本の〇、𠮷"
    assert list(chinese_runs([text])) == ["丙泊酚", "，", "。", "（", "）", "日本", "〇、"]


def test_the_commonest_pair_is_merged_first() -> None:
    # 麻醉 stands five times, 醉科 twice, and 麻醉科 is 麻醉 with 科.
    learnt = learn_pieces(["麻醉科，麻醉科，麻醉。麻醉！麻醉"], 50, coverage=1.0)
    merges = [piece for piece in learnt if len(piece) > 1]
    assert merges[0] == "麻醉"
    assert merges.index("麻醉科") > 0


def test_characters_come_last_from_the_commonest_to_the_rarest() -> None:
    learnt = learn_pieces(["甲" * 3 + "乙" * 2 + "丙"], 50, coverage=1.0)
    assert [piece for piece in learnt if len(piece) == 1] == ["甲", "乙", "丙"]


def test_only_chinese_is_learnt(learnt: list[str]) -> None:
    assert len(learnt) > 3000
    assert len(set(learnt)) == len(learnt)
    assert [piece for piece in learnt if not CHINESE.fullmatch(piece)] == []


def test_the_number_of_processors_changes_nothing(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for processors in (1, 4):
        monkeypatch.setattr(pieces.os, "cpu_count", lambda count=processors: count)
        found.append(learn_pieces(texts[:200], 2500, coverage=1.0))
    assert found[0] == found[1]


@pytest.mark.parametrize("corpus", [[], ["no Chinese here"]])
def test_a_corpus_without_chinese(corpus: list[str]) -> None:
    with pytest.raises(UserError, match="holds no Chinese text"):
        learn_pieces(corpus, 10, coverage=1.0)


def test_more_characters_than_pieces_names_both_numbers() -> None:
    with pytest.raises(UserError, match="3 pieces to learn are fewer than the corpus' 5 characters"):
        learn_pieces(["麻醉科医生"], 3, coverage=1.0)


def test_a_fault_while_reading_the_corpus_arrives_as_it_was() -> None:
    def broken() -> Iterator[str]:
        yield "麻醉"
        raise UserError("corpus.jsonl:3: not JSON")

    with pytest.raises(UserError, match=r"^corpus\.jsonl:3: not JSON$"):
        learn_pieces(broken(), 10, coverage=1.0)


def test_control_c_while_reading_the_corpus_is_no_fault_of_the_corpus() -> None:
    def stopped() -> Iterator[str]:
        yield "麻醉"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_pieces(stopped(), 10, coverage=1.0)


def test_a_term_is_built_on_the_terms_inside_it() -> None:
    assert chain_terms(["舒芬太尼", "芬太尼"]) == ["芬太", "芬太尼", "舒芬太尼"]
    # 酸 of 氨甲环酸 stands behind no shorter term: joined from the left.
    assert chain_terms(["氨甲环酸"]) == ["氨甲", "氨甲环", "氨甲环酸"]
    assert chain_terms(["肌", "肌松", "肌松"]) == ["肌松"]
    assert chain_terms([]) == []


def test_a_term_is_built_on_what_the_base_merges_first() -> None:
    # The base reads 舒芬太尼 as 舒芬|太|尼 whatever comes after its own merges, so 舒|芬太尼 cannot be joined.
    assert chain_terms(["芬太尼", "舒芬太尼"], {"舒芬": -3.0}) == ["芬太", "芬太尼", "舒芬太", "舒芬太尼"]


def test_every_prefix_order_gives_each_term_whole(terms: list[str]) -> None:
    rank = {piece: float(i) for i, piece in enumerate(chain_terms(terms))}
    assert [term for term in terms if len(term) > 1 and merge_by_rank(term, rank) != [term]] == []


def test_merging_takes_the_best_pair_and_the_leftmost_of_equals() -> None:
    assert merge_by_rank("甲乙丙", {"乙丙": 0, "甲乙": 1}) == ["甲", "乙丙"]
    assert merge_by_rank("甲甲甲", {"甲甲": 0}) == ["甲甲", "甲"]
    assert merge_by_rank("", {}) == []
