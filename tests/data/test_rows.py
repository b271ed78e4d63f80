import datasets
import numpy as np
import pytest
import torch

from hypnos.data.pack import Packing
from hypnos.data.rows import NO_ROW, PackedRows, StepSampler

DOCUMENTS = [
    {"input_ids": [1, 10, 11, 2], "learnt": [False, False, True, True], "characters": 3},
    {"input_ids": [1, 20, 2], "learnt": [False, True, True], "characters": 5},
    {"input_ids": [1, 30], "learnt": [False, False], "characters": 0},
]


def make_rows(documents: list[int], offsets: list[int]) -> PackedRows:
    table = [
        {**document, "length": len(document["input_ids"]), "learnt_tokens": sum(document["learnt"])}
        for document in DOCUMENTS
    ]
    return PackedRows(datasets.Dataset.from_list(table), Packing(np.array(documents), np.array(offsets)))


def test_positions_restart_in_each_document_of_a_row() -> None:
    row = make_rows([1, 0, 2], [0, 2, 3])[0, 7]
    assert row["input_ids"].tolist() == [[1, 20, 2, 1, 10, 11, 2]]
    assert row["position_ids"].tolist() == [[0, 1, 2, 0, 1, 2, 3]]
    assert row["cu_seqlens"].tolist() == [0, 3, 7]
    assert row["cu_seqlens"].dtype == torch.int32  # as FlashAttention wants it
    assert row["max_seqlen"] == 4
    assert {row[name].dtype for name in ("input_ids", "position_ids", "labels", "logits_to_keep")} == {torch.int64}


def test_a_target_is_said_at_the_place_before_it_in_its_own_document() -> None:
    row = make_rows([1, 0, 2], [0, 2, 3])[0, 7]
    assert row["labels"].tolist() == [20, 2, 11, 2]
    assert row["logits_to_keep"].tolist() == [0, 1, 4, 5]
    assert (row["step_tokens"].item(), row["characters"].item()) == (7, 8)


def test_learnt_tokens_are_counted_by_row() -> None:
    rows = make_rows([1, 0, 2], [0, 2, 3])
    assert len(rows) == 2
    assert rows.loss_tokens.tolist() == [4, 0]


def test_a_row_without_anything_learnt_has_no_targets() -> None:
    row = make_rows([1, 0, 2], [0, 2, 3])[1, 4]
    assert row["input_ids"].tolist() == [[1, 30]]
    assert row["labels"].shape == row["logits_to_keep"].shape == (0,)


def test_an_empty_row_teaches_nothing_and_counts_no_characters() -> None:
    row = make_rows([1, 0, 2], [0, 2, 3])[NO_ROW, 4]
    assert row["input_ids"].shape == row["position_ids"].shape == (1, 7)
    assert row["labels"].shape == (0,)
    assert (row["step_tokens"].item(), row["characters"].item()) == (4, 0)


def test_a_document_may_stand_in_several_rows() -> None:
    rows = make_rows([0, 1, 0], [0, 1, 3])
    assert rows[0, 0]["input_ids"].tolist() == [[1, 10, 11, 2]]
    assert rows[1, 0]["input_ids"].tolist() == [[1, 20, 2, 1, 10, 11, 2]]


LEARNT = [5, 0, 7, 3, 11, 2, 13]


def play(steps: int, *, rows: int, rows_per_step: int, world: int, start: int = 0) -> list[list[list[tuple[int, int]]]]:
    """What each rank gets at each optimizer step from `start` on, as a trainer takes it: by micro-batches."""
    accumulate = -(-rows_per_step // world)
    played: list[list[list[tuple[int, int]]]] = []
    done = start
    samplers = [
        StepSampler(
            np.array(LEARNT[:rows]),
            rows_per_step=rows_per_step,
            seed=3,
            rank=rank,
            world=world,
            steps_done=lambda: done,
        )
        for rank in range(world)
    ]
    while len(played) < steps:
        streams = [list(sampler) for sampler in samplers]
        assert len({len(stream) for stream in streams}) == 1, "a rank would wait for another for ever"
        for first in range(0, len(streams[0]), accumulate):
            played.append([stream[first : first + accumulate] for stream in streams])
            done += 1
    return played[:steps]


CASES = [(rows, per_step, world) for rows in (1, 4, 7) for per_step in (1, 2, 3, 4, 9) for world in (1, 2)]


@pytest.mark.parametrize(("rows", "rows_per_step", "world"), CASES)
def test_every_row_is_seen_once_an_epoch_and_each_step_knows_its_tokens(
    rows: int, rows_per_step: int, world: int
) -> None:
    steps = -(-rows // rows_per_step)
    played = play(2 * steps, rows=rows, rows_per_step=rows_per_step, world=world)
    for epoch in (played[:steps], played[steps:]):
        seen = [[row for rank in step for row, _ in rank if row != NO_ROW] for step in epoch]
        assert sorted(row for step in seen for row in step) == list(range(rows))
        assert [len(step) for step in seen[:-1]] == [rows_per_step] * (steps - 1)
        for step, found in zip(epoch, seen, strict=True):
            assert {tokens for rank in step for _, tokens in rank} == {sum(LEARNT[row] for row in found)}


@pytest.mark.parametrize(("rows", "rows_per_step", "world"), CASES)
def test_a_run_resumed_after_any_step_goes_on_as_the_unbroken_one(rows: int, rows_per_step: int, world: int) -> None:
    settings = {"rows": rows, "rows_per_step": rows_per_step, "world": world}
    unbroken = play(17, **settings)
    for start in range(17):
        assert play(17 - start, **settings, start=start) == unbroken[start:]


@pytest.mark.parametrize(("rows", "rows_per_step", "world"), CASES)
def test_the_length_is_that_of_a_whole_epoch(rows: int, rows_per_step: int, world: int) -> None:
    for rank in range(world):
        sampler = StepSampler(np.array(LEARNT[:rows]), rows_per_step=rows_per_step, seed=3, rank=rank, world=world)
        assert len(list(sampler)) == len(sampler)
        assert sampler.steps == -(-rows // rows_per_step)


def test_two_ranks_see_in_each_step_what_one_would() -> None:
    one = play(8, rows=7, rows_per_step=4, world=1)
    two = play(8, rows=7, rows_per_step=4, world=2)
    for alone, shared in zip(one, two, strict=True):
        together = [item for rank in shared for item in rank if item[0] != NO_ROW]
        assert sorted(together) == sorted(alone[0])


def test_the_shorter_share_is_evened_out_by_an_empty_row() -> None:
    first, second = play(1, rows=7, rows_per_step=3, world=2)[0]
    assert len(first) == len(second) == 2
    assert [row for row, _ in first + second].count(NO_ROW) == 1
    assert second[1] == (NO_ROW, first[0][1])


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        sampler = StepSampler(np.arange(50), rows_per_step=5, seed=seed, steps_done=lambda: 10 * epoch)
        return [row for row, _ in sampler]

    orders = [order(0, 0), order(0, 1), order(1, 0), order(1, 1)]
    assert len({tuple(rows) for rows in orders}) == 4
    assert order(0, 1) == orders[1]
