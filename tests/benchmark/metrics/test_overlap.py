import numpy as np
import pytest

from hypnos.benchmark.metrics.overlap import count_overlap

Pairs = tuple[list[str], list[list[str]]]


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
