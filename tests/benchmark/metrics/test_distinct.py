from hypnos.benchmark.metrics.distinct import Distinct


def test_distinct_counts_over_all_answers(tmp_path) -> None:
    columns = {"predictions": ["甲乙甲乙", "甲丙"], "references": [["x"], ["x"]]}
    scores = Distinct(folder=tmp_path).measure(**columns)
    assert scores.corpus == {"distinct_1": 3 / 6, "distinct_2": 3 / 4}  # 甲乙, 乙甲, 甲丙 of 4 pairs
