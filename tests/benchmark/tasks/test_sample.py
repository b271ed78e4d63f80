"""A limit draws questions in the proportions of topics and levels, and every question has the same chance."""

from collections import Counter
from itertools import pairwise

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.sample import draw_sample

STRATA = {("airway", "1"): 60, ("airway", "2"): 30, ("drugs", "1"): 9, ("drugs", "2"): 1}
ITEMS = [
    Item(id=f"{topic}{level}-{n}", kind="question", question="?", answers=("!",), topic=topic, level=level)
    for (topic, level), count in STRATA.items()
    for n in range(count)
]


def test_every_size_has_the_proportions_of_the_whole_to_within_a_question():
    for seed in range(5):
        for number in range(1, 100):
            drawn = Counter((item.topic, item.level) for item in draw_sample(ITEMS, number, seed))
            assert sum(drawn.values()) == number
            for stratum, count in STRATA.items():
                assert abs(drawn[stratum] - number * count / len(ITEMS)) < 1.5


def test_a_larger_sample_holds_every_smaller_one_in_the_order_of_the_file():
    ids = [[item.id for item in draw_sample(ITEMS, number, 7)] for number in range(1, 101)]
    assert all(set(small) < set(large) for small, large in pairwise(ids))
    order = [item.id for item in ITEMS]
    assert all(drawn == sorted(drawn, key=order.index) for drawn in ids)
    assert ids[-1] == order


def test_each_question_has_the_same_chance_over_seeds():
    runs, number = 400, 20
    counts = Counter(item.id for seed in range(runs) for item in draw_sample(ITEMS, number, seed))
    expected = runs * number / len(ITEMS)
    chi_square = sum((counts[item.id] - expected) ** 2 / expected for item in ITEMS)
    assert chi_square < 149  # the 0.1 % end of chi-square with 99 degrees of freedom
