import pytest
import torch

from hypnos.tuning.schedule import constant, cosine, wsd


def rates(make, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer, steps)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_cosine_rises_to_the_peak_and_falls_to_the_floor():
    seen = rates(lambda o, n: cosine(o, n, warmup=0.2, floor=0.1), 10)
    assert seen[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert seen[6] == pytest.approx(0.1 + 0.9 * 0.5)  # half of the fall
    assert seen == sorted(seen[:3]) + sorted(seen[3:], reverse=True)
    assert seen[-1] > 0.1


def test_constant_stays_after_its_rise():
    assert rates(lambda o, n: constant(o, n, warmup=0.5), 4) == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_wsd_rises_stays_and_falls_to_nothing():
    seen = rates(lambda o, n: wsd(o, n, warmup=0.2, decay=0.4), 10)
    assert seen == pytest.approx([1 / 3, 2 / 3, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_one_step_is_taken_at_the_peak():
    assert rates(lambda o, n: cosine(o, n, warmup=0.0), 1) == [1.0]
    assert rates(lambda o, n: wsd(o, n, warmup=0.0, decay=0.3), 1) == [1.0]
