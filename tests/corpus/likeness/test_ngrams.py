"""Folded text and its n-grams, held against sets of Python strings."""

import pytest

from hypnos.corpus.likeness.ngrams import CHARACTERS, ROWS, batches, fold, grams, jaccard


def trigrams(text):
    text = fold(text)
    return {text[i : i + 3] for i in range(len(text) - 2)} or {text}


def test_grams_are_those_of_plain_python():
    texts = ["麻醉前应禁食八小时。", "", "短", "二字", "ＡＢc，12", "麻醉前，应禁食八小时", "a" * 9]
    batch = grams(texts)
    for at, text in enumerate(texts):
        plain = trigrams(text) if fold(text) else set()
        assert len(batch.set_of(at)) == len(plain)
    for i, first in enumerate(texts):
        for j, second in enumerate(texts):
            a, b = (trigrams(text) if fold(text) else set() for text in (first, second))
            assert jaccard(batch.set_of(i), batch.set_of(j)) == pytest.approx(len(a & b) / len(a | b) if a | b else 1.0)
    assert batch.folded[0] == batch.folded[5]
    assert len(set(batch.folded.tolist())) == len(texts) - 1


def test_folding():
    assert fold("  Ａｂ，１２。麻醉藥 \n") == "ab12麻醉药"
    assert fold("\ud800 x") == "x"  # half a character does no harm


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("2.5 mg。25 mg", "2.5mg25mg"),
        ("２．５", "2.5"),
        ("Rh(+)与Rh(-)", "rh+与rh"),
        ("血压>140，SpO2 ＜90，≥3", "血压>140spo2<90>3"),
        ("见图1.然后；a.b；.5；<b>", "见图1然后ab5b"),
        ("5.", "5"),
    ],
)
def test_signs_that_change_a_number_count(text, folded):
    assert fold(text) == folded


def test_signs_at_the_edge_of_a_text_see_no_other_text():
    batch, alone = grams(["值5.", "5后", "前<", "3"]), [grams([text]) for text in ("值5.", "5后", "前<", "3")]
    assert batch.folded.tolist() == [one.folded[0] for one in alone]
    assert batch.folded[0] == grams(["值5"]).folded[0]


def test_a_batch_holds_so_many_rows_or_characters():
    short = [{"text": "字"}] * (ROWS + 2)
    assert [(len(rows), len(texts)) for rows, texts in batches(short, lambda row: row["text"])] == [
        (ROWS, ROWS),
        (2, 2),
    ]
    long = [{"text": "字" * (CHARACTERS // 2)}] * 3
    assert [len(rows) for rows, _ in batches(long, lambda row: row["text"])] == [2, 1]
    assert list(batches([], lambda row: row["text"])) == []
