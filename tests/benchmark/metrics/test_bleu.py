"""BLEU against sacrebleu and NLTK, under the same segmentation."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nltk.translate import bleu_score
from sacrebleu.metrics import BLEU

from hypnos.benchmark.metrics.bleu import Bleu
from hypnos.benchmark.metrics.segment import characters, words

CUT: dict[str, Callable[[str], list[str]]] = {"characters": characters, "words": words}

Pairs = tuple[list[str], list[list[str]]]


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


@pytest.mark.parametrize("segmentation", ["characters", "words"])
def test_equal_to_the_libraries_on_the_sample(segmentation, sample, tmp_path) -> None:
    check_bleu(sample, segmentation, tmp_path)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("segmentation", ["characters", "words"])
def test_equal_to_the_libraries_on_1000_real_pairs(segmentation, real, tmp_path) -> None:
    check_bleu(real, segmentation, tmp_path)


def test_several_references_count_as_the_libraries_count_them(sample, tmp_path) -> None:
    predictions, references = sample
    several = [
        [*texts, references[at - 3][0], *([predictions[at]] if at % 5 == 0 else [])]
        for at, texts in enumerate(references)
    ]
    check_bleu((predictions[:60], several[:60]), "characters", tmp_path)


def test_a_short_right_answer_is_worth_all_of_it(tmp_path) -> None:
    scores = Bleu(folder=tmp_path).measure(predictions=["是的", "是的"], references=[["是的"], ["不是"]])
    assert scores.items["bleu_4"].tolist() == pytest.approx([1.0, math.sqrt(0.5 * 0.5)])


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
