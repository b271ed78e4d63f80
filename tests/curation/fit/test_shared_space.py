"""Questions and answers that share no word meet where they belong together; directions are held against numpy's own."""

import random

import numpy as np
from scipy import sparse

from hypnos.curation.fit.association import PairWords
from hypnos.curation.fit.shared_space import FOLDS, SharedSpace, _correlate, _main_directions

NONE = frozenset()


def pair(topic, chance):
    asked = frozenset(f"问{topic}之{n}" for n in chance.sample(range(8), 3))
    answered = frozenset(f"答{topic}之{n}" for n in chance.sample(range(8), 3))
    return PairWords(asked, answered, NONE, NONE)


def test_words_that_only_other_pairs_had_together_bring_a_pair_together():
    chance = random.Random(0)
    pairs = [pair(number % 12, chance) for number in range(1200)]
    folds = np.arange(1200) // 12 % FOLDS
    space = SharedSpace(pairs, folds, seed=0)
    others = [PairWords(one.question, pairs[at - 5].answer, NONE, NONE) for at, one in enumerate(pairs)]
    real, mixed = space.measure(pairs, folds), space.measure(others, folds)
    assert np.quantile(real, 0.05) > np.quantile(mixed, 0.95)
    assert np.array_equal(SharedSpace(pairs, folds, seed=0).measure(pairs[:50], folds[:50]), real[:50])


def test_pairs_without_words_are_neither_near_nor_far():
    empty = PairWords(NONE, NONE, NONE, NONE)
    space = SharedSpace([empty] * 8, np.arange(8) % FOLDS, seed=0)
    assert space.measure([empty] * 2, np.array([0, 1])).tolist() == [0.0, 0.0]


def test_directions_are_those_of_a_whole_decomposition():
    table = sparse.random_array((60, 40), density=0.3, rng=np.random.default_rng(1)).tocsr()
    found, wanted = _main_directions(table, 0), np.linalg.svd(table.toarray())[2].T
    assert np.allclose(found @ found.T, wanted @ wanted.T)


def test_the_first_direction_is_that_of_what_both_have_in_common():
    chance = np.random.default_rng(2)
    hidden = chance.standard_normal((4000, 1))
    first = np.concatenate([hidden + chance.standard_normal((4000, 1)), chance.standard_normal((4000, 2))], axis=1)
    second = np.concatenate([chance.standard_normal((4000, 1)), hidden + chance.standard_normal((4000, 1))], axis=1)
    one = _correlate(first, np.concatenate([second, chance.standard_normal((4000, 1))], axis=1))
    # The best direction of each is that of the column with the hidden number: a correlation of 1/2 between the two.
    best = (first - one.question_mean) @ one.question[:, 0]
    assert abs(np.corrcoef(best, first[:, 0])[0, 1]) > 0.99
