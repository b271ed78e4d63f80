from pathlib import Path

import pytest

from hypnos.benchmark.metrics.match import Match


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


def test_a_decimal_point_is_no_punctuation(tmp_path) -> None:
    scores = Match(folder=tmp_path).measure(predictions=["0.6", "６ mg"], references=[["06"], ["6mg"]])
    assert scores.items["exact_match"].tolist() == [0.0, 1.0]
