"""Groups, drawn and flipped, on arrays small enough to count by hand."""

import math

import numpy as np

from hypnos.report.statistics.resampling import (
    columns_by_rows,
    draw_groups,
    flip_at_random,
    flip_every_way,
    number_groups,
    resample_sums,
    sum_groups,
    value_table,
)


def test_groups_are_numbered_as_they_come_and_their_rows_added_up():
    group_of_row, group_count = number_groups(["b", "a", "b"])
    assert (group_of_row.tolist(), group_count) == ([0, 1, 0], 2)
    assert sum_groups(np.array([[1.0, 10], [2, 20], [4, 40]]), group_of_row, 2).tolist() == [[5, 50], [2, 20]]


def test_columns_that_lack_the_same_rows_are_resampled_together():
    table = value_table([[1, None], [3, 4], [5, None]], 2)
    assert table.shape == (2, 3) and math.isnan(table[1, 0])
    parts = [(present.tolist(), numbers) for present, numbers in columns_by_rows(table)]
    assert parts == [([True, False], [0, 2]), ([True, True], [1])]


def test_every_resample_draws_as_many_groups_as_there_are_and_each_about_once():
    (drawn,) = draw_groups(np.random.default_rng(0), 4000, 5)
    assert drawn.shape == (4000, 5) and (drawn.sum(1) == 5).all()
    assert abs(drawn.mean(0) - 1).max() < 0.05


def test_blocks_hold_all_resamples(monkeypatch):
    monkeypatch.setattr("hypnos.report.statistics.resampling._BLOCK_CELLS", 20)
    assert [len(block) for block in draw_groups(np.random.default_rng(0), 10, 5)] == [4, 4, 2]
    assert resample_sums(np.ones((5, 2)), 10, seed=0).tolist() == [[5.0, 5.0]] * 10


def test_every_way_of_signs_is_there_once_and_random_ones_are_among_them():
    assert sorted(flip_every_way(np.array([1.0, 2.0]))) == [-3, -1, 1, 3]
    assert flip_every_way(np.zeros(0)).tolist() == [0]
    (block,) = flip_at_random(np.array([[1.0], [2.0]]), 200, seed=0)
    assert set(block[:, 0]) == {-3, -1, 1, 3}
