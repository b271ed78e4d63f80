"""Text metrics against the libraries that define them, under the same segmentation."""

import pytest

from hypnos.benchmark.metrics.bleu import Bleu
from hypnos.benchmark.metrics.distinct import Distinct
from hypnos.benchmark.metrics.gleu import Gleu
from hypnos.benchmark.metrics.match import Match
from hypnos.benchmark.metrics.rouge import Rouge


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_answer_counts_as_nothing_and_is_not_left_out(empty, tmp_path) -> None:
    columns = {"predictions": [empty, "丙泊酚"], "references": [["丙泊酚"], ["丙泊酚"]]}
    for make in (Bleu, Gleu, Rouge, Match):
        for name, values in make(folder=tmp_path).measure(**columns).items.items():
            assert values[0] == 0.0, name
            assert values[1] == pytest.approx(1.0, abs=1e-7), name
    all_empty = {"predictions": [empty], "references": [["丙泊酚"]]}
    assert Bleu(folder=tmp_path).measure(**all_empty).corpus["bleu_4_corpus"] == 0.0
    assert Distinct(folder=tmp_path).measure(**all_empty).corpus == {"distinct_1": 0.0, "distinct_2": 0.0}


def test_signatures_tell_what_makes_numbers_comparable(tmp_path) -> None:
    names = {}
    for segmentation in ("characters", "words"):
        for make in (Bleu, Gleu, Rouge, Distinct):
            names.update(
                {note.name: note.signature for note in make(segmentation=segmentation, folder=tmp_path).notes()}
            )
    assert names["bleu_4"].startswith("seg:characters-1|smooth:exp|order:effective|level:mean of answers")
    assert "rjieba-" in names["bleu_4_words"] and "smooth:none|level:corpus" in names["bleu_4_corpus_words"]
    assert "rapidfuzz-" in names["rouge_l"]
    assert len(names) == 2 * (8 + 2 + 3 + 2)
