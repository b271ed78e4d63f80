"""Candidates: texts that are alike share a key; numbers of texts are those they were added under."""

import numpy as np

from hypnos.corpus.likeness.ngrams import grams
from hypnos.curation.similarity.minhash_index import BANDS, MinHashIndex, split_pairs

TEXT = "平卧使膈肌上移，诱导后吸气肌张力消失，胸廓弹性改变，功能残气量下降约百分之二十，氧合随之变差。"
OTHER = "椎管内麻醉后血压下降，多因交感神经阻滞，应先补液，再给予血管活性药，并监测胎心。"


def test_keys_are_bands_and_one_for_the_whole_text():
    index = MinHashIndex()
    keys = index.keys(grams([TEXT, TEXT + "！", OTHER, "。"]))
    assert keys.shape == (4, BANDS + 1)
    assert keys[0].tolist() == keys[1].tolist()  # equal after folding
    assert not set(keys[0].tolist()) & set(keys[2].tolist())
    assert keys[3].tolist() == [0] * (BANDS + 1)  # no grams
    assert index.keys(grams([])).shape == (0, BANDS + 1)
    assert MinHashIndex(seed=1).keys(grams([TEXT]))[0, 0] != keys[0, 0]


def test_pairs_are_found_within_a_batch_and_with_earlier_ones():
    index = MinHashIndex()
    first = index.keys(grams([OTHER, TEXT]))
    assert split_pairs(index.candidates(first, 0)).tolist() == []
    index.add(first, np.array([0, 1], dtype=np.uint32))
    second = index.keys(grams([TEXT.replace("约百分之", "大约百分之"), "无关的短句。", TEXT, "。"]))
    assert split_pairs(index.candidates(second, 2)).tolist() == [[2, 1], [4, 1], [4, 2]]


def test_runs_are_merged_and_lose_nothing():
    index = MinHashIndex()
    texts = [f"{TEXT}{chr(0x4E00 + i) * 30}" for i in range(20)]
    for number, text in enumerate(texts):
        index.add(index.keys(grams([text])), np.array([number], dtype=np.uint32))
    for number, text in enumerate(texts):
        assert [20, number] in split_pairs(index.candidates(index.keys(grams([text])), 20)).tolist()
