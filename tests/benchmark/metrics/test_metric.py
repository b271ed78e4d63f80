import pytest

from hypnos.benchmark.metrics.bleu import Bleu
from hypnos.errors import UserError


def test_a_metric_is_one_of_the_evaluate_library_and_leaves_no_lock(tmp_path) -> None:
    import evaluate

    metric = Bleu(folder=tmp_path)
    assert isinstance(metric, evaluate.Metric)
    result = metric.compute(predictions=["丙泊酚"], references=[["丙泊酚"]])
    assert result["bleu_1"] == 1.0 and result["bleu_1_corpus"] == 1.0
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with pytest.raises(UserError, match="no answers"):
        metric.measure(predictions=[], references=[])
