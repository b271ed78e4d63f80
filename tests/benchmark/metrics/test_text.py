"""Text metrics against the libraries that define them, under the same segmentation."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pytest
from nltk.translate import bleu_score, gleu_score
from rouge_chinese import Rouge as RougeChinese
from sacrebleu.metrics import BLEU

from hypnos.benchmark.metrics.bleu import Bleu
from hypnos.benchmark.metrics.cmrc import Cmrc
from hypnos.benchmark.metrics.distinct import Distinct
from hypnos.benchmark.metrics.gleu import Gleu
from hypnos.benchmark.metrics.match import Match
from hypnos.benchmark.metrics.overlap import count_overlap
from hypnos.benchmark.metrics.rouge import Rouge
from hypnos.benchmark.metrics.segment import characters, words
from hypnos.errors import UserError

SAMPLE = Path(__file__).parents[3] / "hypnos" / "sample"
CUT: dict[str, Callable[[str], list[str]]] = {"characters": characters, "words": words}

Pairs = tuple[list[str], list[list[str]]]


def blur(texts: list[str], seed: int) -> list[str]:
    """Answers as models give them: another text, the text with sentences moved, with characters lost, or cut off."""
    pick = random.Random(seed)
    answers = []
    for at, text in enumerate(texts):
        way = pick.randrange(4)
        sentences = text.split("。")
        pick.shuffle(sentences)
        lost = "".join(sign for sign in text if pick.random() < 0.8)
        answers.append([texts[at - 1], "。".join(sentences), lost, text[: max(6, len(text) // 2)]][way])
    return answers


@pytest.fixture(scope="module")
def sample() -> Pairs:
    lines = (SAMPLE / "anesthesia.jsonl").read_bytes().splitlines()[:150]
    texts = [orjson.loads(line)["output"] for line in lines]
    return blur(texts, 1), [[text] for text in texts]


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Pairs:
    """1,000 pairs of four words or more: NLTK counts one 4-gram too many for each answer that has none."""
    lines = (shared_data / "qa" / "general_medical_qa.jsonl").read_bytes().splitlines()
    texts = [text for line in lines[::15] if (text := orjson.loads(line)["output"].strip())]
    pairs = [
        (answer, text) for answer, text in zip(blur(texts, 2), texts) if min(map(len, map(words, (answer, text)))) > 3
    ]
    assert len(pairs) >= 1000
    return [answer for answer, _ in pairs[:1000]], [[text] for _, text in pairs[:1000]]


def check_bleu(pairs: Pairs, segmentation: str, folder: Path) -> None:
    predictions, references = pairs
    scores = Bleu(segmentation=segmentation, folder=folder).measure(predictions=predictions, references=references)
    suffix = "" if segmentation == "characters" else "_words"
    answers = [CUT[segmentation](text) for text in predictions]
    given = [[CUT[segmentation](text) for text in texts] for texts in references]
    joined = [" ".join(tokens) for tokens in answers], [[" ".join(tokens) for tokens in texts] for texts in given]
    streams = [list(texts) for texts in zip(*joined[1])] if len({len(texts) for texts in given}) == 1 else None
    for n in range(1, 5):
        sentence = BLEU(tokenize="none", smooth_method="exp", effective_order=True, max_ngram_order=n)
        expected = [sentence.sentence_score(a, b).score / 100 for a, b in zip(*joined)]
        np.testing.assert_allclose(scores.items[f"bleu_{n}{suffix}"], expected, atol=1e-9, rtol=0)
        weights = (1 / n,) * n
        smooth = bleu_score.SmoothingFunction().method3
        for answer, texts, value in zip(answers, given, scores.items[f"bleu_{n}{suffix}"]):
            if len(answer) >= n and any(token in text for text in texts for token in answer):
                assert bleu_score.sentence_bleu(texts, answer, weights, smooth) == pytest.approx(value, abs=1e-9)
        corpus = scores.corpus[f"bleu_{n}_corpus{suffix}"]
        assert bleu_score.corpus_bleu(given, answers, weights) == pytest.approx(corpus, abs=1e-9)
        if streams:
            whole = BLEU(tokenize="none", smooth_method="none", max_ngram_order=n)
            assert whole.corpus_score(joined[0], streams).score / 100 == pytest.approx(corpus, abs=1e-9)


def check_rouge(pairs: Pairs, segmentation: str, folder: Path) -> None:
    predictions, references = pairs
    scores = Rouge(segmentation=segmentation, folder=folder).measure(predictions=predictions, references=references)
    suffix = "" if segmentation == "characters" else "_words"
    oracle = RougeChinese()
    joined = [" ".join(CUT[segmentation](text)) for text in predictions]
    given = [" ".join(CUT[segmentation](texts[0])) for texts in references]
    expected = oracle.get_scores(joined, given)
    for name, key in (("rouge_1", "rouge-1"), ("rouge_2", "rouge-2"), ("rouge_l", "rouge-l")):
        values = [score[key]["f"] for score in expected]
        np.testing.assert_allclose(scores.items[name + suffix], values, atol=1e-9, rtol=0)


def check_gleu(pairs: Pairs, segmentation: str, folder: Path) -> None:
    predictions, references = pairs
    scores = Gleu(segmentation=segmentation, folder=folder).measure(predictions=predictions, references=references)
    suffix = "" if segmentation == "characters" else "_words"
    answers = [CUT[segmentation](text) for text in predictions]
    given = [[CUT[segmentation](text) for text in texts] for texts in references]
    expected = [gleu_score.sentence_gleu(texts, answer) for texts, answer in zip(given, answers)]
    np.testing.assert_allclose(scores.items[f"gleu{suffix}"], expected, atol=1e-9, rtol=0)
    assert scores.corpus[f"gleu_corpus{suffix}"] == pytest.approx(gleu_score.corpus_gleu(given, answers), abs=1e-9)


@pytest.mark.parametrize("segmentation", ["characters", "words"])
@pytest.mark.parametrize("check", [check_bleu, check_gleu])
def test_equal_to_the_libraries_on_the_sample(check, segmentation, sample, tmp_path) -> None:
    check(sample, segmentation, tmp_path)


@pytest.mark.parametrize("segmentation", ["characters", "words"])
def test_rouge_is_equal_to_rouge_chinese_on_the_sample(segmentation, sample, tmp_path) -> None:
    check_rouge((sample[0][:40], sample[1][:40]), segmentation, tmp_path)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("segmentation", ["characters", "words"])
@pytest.mark.parametrize("check", [check_bleu, check_gleu, check_rouge])
def test_equal_to_the_libraries_on_1000_real_pairs(check, segmentation, real, tmp_path) -> None:
    check(real, segmentation, tmp_path)


@pytest.mark.parametrize("check", [check_bleu, check_gleu])
def test_several_references_count_as_the_libraries_count_them(check, sample, tmp_path) -> None:
    predictions, references = sample
    several = [
        [*texts, references[at - 3][0], *([predictions[at]] if at % 5 == 0 else [])]
        for at, texts in enumerate(references)
    ]
    check((predictions[:60], several[:60]), "characters", tmp_path)


def test_the_best_reference_counts_for_rouge(tmp_path) -> None:
    metric = Rouge(folder=tmp_path)
    both = metric.measure(predictions=["术前禁食六小时"], references=[["完全无关", "术前禁食八小时"]])
    alone = metric.measure(predictions=["术前禁食六小时"], references=[["术前禁食八小时"]])
    assert both.items["rouge_l"] == alone.items["rouge_l"] == pytest.approx([6 / 7], abs=1e-7)


def test_a_short_right_answer_is_worth_all_of_it(tmp_path) -> None:
    scores = Bleu(folder=tmp_path).measure(predictions=["是的", "是的"], references=[["是的"], ["不是"]])
    assert scores.items["bleu_4"].tolist() == pytest.approx([1.0, math.sqrt(0.5 * 0.5)])


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


def test_prediction_and_reference_cannot_change_places(tmp_path) -> None:
    short, long = "丙泊酚", "诱导用丙泊酚和舒芬太尼，维持用七氟烷"
    metric = Bleu(folder=tmp_path)
    forward = metric.measure(predictions=[short], references=[[long]]).items["bleu_1"][0]
    back = metric.measure(references=[[short]], predictions=[long]).items["bleu_1"][0]
    # 3 of 3 characters with a brevity penalty of exp(1 - 19/3); 3 of 19 without one.
    assert forward == pytest.approx(math.exp(1 - len(characters(long)) / 3))
    assert back == pytest.approx(3 / len(characters(long)))
    with pytest.raises(TypeError):
        metric.measure([short], [[long]])  # type: ignore[misc]


def test_both_segmentations_of_a_number_and_a_unit() -> None:
    assert characters("SpO2 95%，予0.6mg/kg") == ["SpO2", "95", "%", "，", "予", "0.6", "mg", "/", "kg"]
    assert words("静脉注射0.6mg/kg。B超") == ["静脉注射", "0.6", "mg", "/", "kg", "。", "B超"]
    assert characters("1.5～2.5 μg·kg-1") == ["1.5", "～", "2.5", "μg", "·", "kg", "-", "1"]


def test_words_are_those_of_jieba(sample: Pairs) -> None:
    import jieba

    jieba.setLogLevel("ERROR")
    for text in sample[0][:60]:
        ours = "".join(words(text))
        assert ours == "".join(text.split())
        theirs = [word for word in jieba.lcut(text) if not word.isspace()]
        han = [word for word in theirs if len(word) > 1 and all("\u4e00" <= sign <= "\u9fff" for sign in word)]
        assert [word for word in words(text) if len(word) > 1 and all("\u4e00" <= s <= "\u9fff" for s in word)] == han


def test_distinct_counts_over_all_answers(tmp_path) -> None:
    columns = {"predictions": ["甲乙甲乙", "甲丙"], "references": [["x"], ["x"]]}
    scores = Distinct(folder=tmp_path).measure(**columns)
    assert scores.corpus == {"distinct_1": 3 / 6, "distinct_2": 3 / 4}  # 甲乙, 乙甲, 甲丙 of 4 pairs


@pytest.mark.parametrize(
    ("answer", "exact", "f1"),
    [
        ("罗库溴铵", 1.0, 1.0),
        ("罗库溴铵。", 1.0, 1.0),
        ("「罗库溴铵」", 1.0, 1.0),
        ("维库溴铵", 0.0, 0.75),
        ("罗库溴铵 0.6", 0.0, 8 / 9),
        ("溴铵罗库", 0.0, 1.0),
    ],
)
def test_exact_match_and_f1_on_characters(answer: str, exact: float, f1: float, tmp_path: Path) -> None:
    scores = Match(folder=tmp_path).measure(predictions=[answer], references=[["别的答案", "罗库溴铵"]])
    assert scores.items["exact_match"][0] == exact
    assert scores.items["f1"][0] == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answer", "exact", "f1"),
    [
        ("罗库溴铵。", 1.0, 1.0),
        ("用罗库溴铵", 0.0, 8 / 9),
        ("罗库与溴铵", 0.0, 4 / 9),  # the longest run is 罗库 or 溴铵
        ("BIS 值 60", 0.0, 2 / 3),
        ("", 0.0, 0.0),
    ],
)
def test_cmrc_counts_the_longest_run(answer: str, exact: float, f1: float, tmp_path: Path) -> None:
    scores = Cmrc(folder=tmp_path).measure(predictions=[answer], references=[["罗库溴铵", "bis值 为"]])
    assert scores.items["exact_match_cmrc_official"][0] == exact
    assert scores.items["f1_cmrc_official"][0] == pytest.approx(f1)


def test_a_decimal_point_is_no_punctuation(tmp_path) -> None:
    scores = Match(folder=tmp_path).measure(predictions=["0.6", "６ mg"], references=[["06"], ["6mg"]])
    assert scores.items["exact_match"].tolist() == [0.0, 1.0]


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


def test_a_metric_is_one_of_the_evaluate_library_and_leaves_no_lock(tmp_path) -> None:
    import evaluate

    metric = Bleu(folder=tmp_path)
    assert isinstance(metric, evaluate.Metric)
    result = metric.compute(predictions=["丙泊酚"], references=[["丙泊酚"]])
    assert result["bleu_1"] == 1.0 and result["bleu_1_corpus"] == 1.0
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with pytest.raises(UserError, match="no answers"):
        metric.measure(predictions=[], references=[])


def test_blocks_do_not_change_the_counts(sample: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, references = tuple(sample[0]), tuple(map(tuple, sample[1]))
    count_overlap.cache_clear()
    whole = count_overlap(predictions, references, "characters")
    count_overlap.cache_clear()
    monkeypatch.setattr("hypnos.benchmark.metrics.overlap._ROWS", 7)
    parts = count_overlap(predictions, references, "characters")
    count_overlap.cache_clear()
    np.testing.assert_array_equal(whole.clipped, parts.clipped)
    np.testing.assert_array_equal(whole.subsequence, parts.subsequence)
