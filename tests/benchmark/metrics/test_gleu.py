"""GLEU against NLTK, under the same segmentation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nltk.translate import gleu_score

from hypnos.benchmark.metrics.gleu import Gleu
from hypnos.benchmark.metrics.segment import characters, words

CUT: dict[str, Callable[[str], list[str]]] = {"characters": characters, "words": words}

Pairs = tuple[list[str], list[list[str]]]


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
def test_equal_to_the_libraries_on_the_sample(segmentation, sample, tmp_path) -> None:
    check_gleu(sample, segmentation, tmp_path)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("segmentation", ["characters", "words"])
def test_equal_to_the_libraries_on_1000_real_pairs(segmentation, real, tmp_path) -> None:
    check_gleu(real, segmentation, tmp_path)


def test_several_references_count_as_the_libraries_count_them(sample, tmp_path) -> None:
    predictions, references = sample
    several = [
        [*texts, references[at - 3][0], *([predictions[at]] if at % 5 == 0 else [])]
        for at, texts in enumerate(references)
    ]
    check_gleu((predictions[:60], several[:60]), "characters", tmp_path)
