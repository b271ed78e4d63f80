"""This process as a worker: blocks in their order, read as they are needed."""

from itertools import count, islice

from hypnos.workers.workers import HERE, Work


class Double(Work):
    def work(self, block):
        return 2 * block


def test_blocks_come_back_with_what_becomes_of_them_one_by_one():
    with HERE as workers:
        assert list(islice(workers.spread(Double(), count()), 3)) == [(0, 0), (1, 2), (2, 4)]
