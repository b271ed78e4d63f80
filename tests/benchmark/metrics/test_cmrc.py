from pathlib import Path

import pytest

from hypnos.benchmark.metrics.cmrc import Cmrc


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
