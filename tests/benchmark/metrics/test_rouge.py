"""ROUGE against rouge-chinese, under the same segmentation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rouge_chinese import Rouge as RougeChinese

from hypnos.benchmark.metrics.rouge import Rouge
from hypnos.benchmark.metrics.segment import characters, words

CUT: dict[str, Callable[[str], list[str]]] = {"characters": characters, "words": words}

Pairs = tuple[list[str], list[list[str]]]


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


@pytest.mark.parametrize("segmentation", ["characters", "words"])
def test_rouge_is_equal_to_rouge_chinese_on_the_sample(segmentation, sample, tmp_path) -> None:
    check_rouge((sample[0][:40], sample[1][:40]), segmentation, tmp_path)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("segmentation", ["characters", "words"])
def test_equal_to_the_libraries_on_1000_real_pairs(segmentation, real, tmp_path) -> None:
    check_rouge(real, segmentation, tmp_path)


def test_the_best_reference_counts_for_rouge(tmp_path) -> None:
    metric = Rouge(folder=tmp_path)
    both = metric.measure(predictions=["术前禁食六小时"], references=[["完全无关", "术前禁食八小时"]])
    alone = metric.measure(predictions=["术前禁食六小时"], references=[["术前禁食八小时"]])
    assert both.items["rouge_l"] == alone.items["rouge_l"] == pytest.approx([6 / 7], abs=1e-7)
