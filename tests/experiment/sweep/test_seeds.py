import math

import pytest

from hypnos.experiment.sweep.seeds import compare_with_reference, mean_over_seeds
from hypnos.experiment.sweep.tables import correct_together

GROUPS = ["a", "a", "b", "c", "d", "e", "f", "g"]
ONE = {"1": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], "2": [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]}


def test_the_mean_is_over_records_and_seeds_and_lies_in_its_interval():
    found = mean_over_seeds(ONE, GROUPS)
    assert found.value == pytest.approx(5.0)
    assert found.low < 5.0 < found.high
    assert (found.n, found.groups, found.raters) == (8, 7, 2)


def test_a_measure_per_character_has_no_interval_where_all_records_are_alike():
    """However long the drawn records are, each has two bits a character."""
    characters = [1.0, 10.0, 3.0, 40.0, 5.0, 6.0, 70.0, 8.0]
    found = mean_over_seeds({"1": [2 * c for c in characters]}, GROUPS, characters)
    assert found.value == pytest.approx(2.0) and math.isnan(found.low) and math.isnan(found.high)


def test_seeds_widen_the_interval():
    still = mean_over_seeds({"1": [5.0] * 8, "2": [5.0] * 8}, GROUPS)
    moving = mean_over_seeds({"1": [4.0] * 8, "2": [6.0] * 8}, GROUPS)
    assert math.isnan(still.low) and math.isnan(still.high)
    # Two seeds alone: Student's t with one degree of freedom, 12.7 standard errors of 1 on either side.
    assert (moving.low, moving.high) == pytest.approx((5 - 12.706, 5 + 12.706), rel=0.02)


def test_one_group_has_no_interval():
    assert math.isnan(mean_over_seeds({"1": [1.0, 2.0]}, ["a", "a"]).low)


def test_arms_that_share_no_unit_have_no_difference():
    (found,) = compare_with_reference({"1": []}, {"other": {"1": []}}, [])
    assert math.isnan(found.comparison.difference)


def test_an_arm_is_compared_on_the_seeds_both_have():
    worse = {"2": [v + 1 for v in ONE["2"]], "3": [100.0] * 8}
    (found,) = compare_with_reference(ONE, {"worse": worse}, GROUPS)
    assert found.by_seed == {"2": pytest.approx(1.0)}
    assert found.comparison.difference == pytest.approx(1.0)
    # 7 groups, all of which differ the same way: 2 of 2^7 swaps are as extreme.
    assert found.comparison.p == pytest.approx(2 / 128)


def test_arms_without_a_common_seed_are_compared_by_their_means():
    (found,) = compare_with_reference({"1": [1.0] * 8}, {"other": {"2": [3.0] * 8}}, GROUPS)
    assert found.by_seed == {"all": pytest.approx(2.0)}


def test_holm_corrects_over_all_arms():
    arms = {str(at): {"1": [v + 1 for v in ONE["1"]]} for at in range(3)}
    found = compare_with_reference({"1": ONE["1"]}, arms, GROUPS)
    corrected = correct_together([("bits", one) for one in found])
    assert [one.comparison.adjusted for _, one in corrected] == pytest.approx([3 * 2 / 128] * 3)


def test_arms_of_several_seeds_that_share_none_cannot_be_tested():
    other = {"3": [3.0] * 8, "4": [5.0] * 8}
    (found,) = compare_with_reference({"1": [1.0] * 8, "2": [1.0] * 8}, {"other": other}, GROUPS)
    assert found.comparison.difference == pytest.approx(3.0) and found.comparison.untested == "not testable"
    assert math.isnan(found.comparison.p) and math.isnan(found.comparison.low)
