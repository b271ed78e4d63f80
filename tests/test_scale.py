"""The arithmetic of docs/scale.md beside what others published."""

import pytest

from bench.scale import EACH, H100, LLAMA_7B, LLAMA_70B, PUBLISHED, ZERO, Shape, Training


@pytest.mark.parametrize("known", PUBLISHED, ids=lambda known: known.source[:12])
def test_rates_are_within_a_fifth_of_what_is_published(known):
    assert known.modelled == pytest.approx(known.rate, rel=0.2)


@pytest.mark.parametrize(("devices", "gigabytes"), ZERO)
def test_states_are_those_of_the_paper_that_sharded_them_first(devices, gigabytes):
    shape = Shape("7.5B", 7.5e9, 32, 4096, 32_000)
    assert Training(shape, H100, devices).standing / 1e9 == pytest.approx(gigabytes, rel=0.02)


def test_seventy_billion_do_not_fit_on_eight_and_more_machines_cost_no_less():
    assert not Training(LLAMA_70B, H100, EACH).fits
    assert Training(LLAMA_7B, H100, EACH).fits
    costs = [Training(LLAMA_7B, H100, n).hours(1e9) * n for n in (8, 16, 64, 1024)]
    assert costs == sorted(costs)


def test_a_layer_and_the_tables_make_up_the_weights():
    assert LLAMA_7B.layers * LLAMA_7B.layer + 2 * 32_000 * 4096 == pytest.approx(6.74e9)
