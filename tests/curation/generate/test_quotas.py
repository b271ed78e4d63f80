from collections import Counter
from itertools import combinations

import pytest

from hypnos.curation.generate.quotas import make_quotas


@pytest.mark.parametrize("records", [2, 56, 250, 500, 2000, 193_000])
def test_quotas_hold_to_the_shares_of_each_axis(specialty, records):
    block = 2
    quotas = make_quotas(specialty, records=records, block=block, seed=0)
    assert sum(quotas.values()) == records
    assert min(quotas.values()) > 0
    for cell in quotas:
        assert not any(frozenset((a.key, b.key)) in specialty.exclude for a, b in combinations(cell.values, 2))
    if records < 250:
        return
    cells = [
        (topic, task, difficulty, audience)
        for topic in specialty.topics
        for task in specialty.tasks
        for difficulty in specialty.difficulties
        for audience in specialty.audiences
        if not any(
            frozenset((a.key, b.key)) in specialty.exclude
            for a, b in combinations((topic, task, difficulty, audience), 2)
        )
    ]
    weights = {cell: cell[0].share * cell[1].share * cell[2].share * cell[3].share for cell in cells}
    for at in range(4):
        due: Counter[str] = Counter()
        given: Counter[str] = Counter()
        for cell, weight in weights.items():
            due[cell[at].key] += weight * records / sum(weights.values())
        for cell, count in quotas.items():
            given[cell.values[at].key] += count
        assert all(abs(given[key] - due[key]) <= 2 * block for key in due)


def test_quotas_depend_on_the_seed_alone(specialty):
    one, again, other = (make_quotas(specialty, records=20, block=2, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other
    topics = [{cell.topic.key for cell in quotas} for quotas in (one, other)]
    assert topics[0] != topics[1]  # few records do not always leave out the same topics
