import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest

from hypnos.data.pack import pack
from hypnos.errors import UserError


def rows_of(lengths: list[int], row_length: int, method: str) -> list[list[int]]:
    packing = pack(np.array(lengths, dtype=np.int32), row_length, method=method)
    return [[lengths[document] for document in packing[row]] for row in range(len(packing))]


def brute_force(lengths: list[int], row_length: int, method: str) -> list[list[int]]:
    rows: list[list[int]] = []
    for length in sorted(lengths, reverse=True):
        fitting = [row for row in rows if sum(row) + length <= row_length]
        if not fitting:
            rows.append([length])
        elif method == "first_fit":
            fitting[0].append(length)
        else:
            max(fitting, key=sum).append(length)
    return rows


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("first_fit", [[14, 4], [8, 7]]),
        ("best_fit", [[14], [8, 7, 4]]),
        ("none", [[4], [14], [7], [8]]),
    ],
)
def test_each_method_fills_rows_in_its_own_way(method: str, expected: list[list[int]]) -> None:
    assert rows_of([4, 14, 7, 8], 20, method) == expected


@pytest.mark.parametrize("method", ["first_fit", "best_fit"])
@pytest.mark.parametrize("seed", range(5))
def test_rows_are_as_full_as_a_search_through_all_rows_makes_them(method: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 65, size=int(draw.integers(1, 300))).tolist()
    found, expected = rows_of(lengths, 64, method), brute_force(lengths, 64, method)
    assert sorted(map(sum, found)) == sorted(map(sum, expected))
    if method == "first_fit":
        assert found == expected


def one_by_one(lengths: list[int], row_length: int) -> list[list[int]]:
    """Best fit as it was when each document was placed by itself: of rows with equal room the newest is taken."""
    rows: list[list[int]] = []
    stacks: list[list[int]] = [[] for _ in range(row_length + 1)]
    for document in sorted(range(len(lengths)), key=lambda document: -lengths[document]):
        length = lengths[document]
        room = next((room for room in range(length, row_length + 1) if stacks[room]), row_length)
        if stacks[room]:
            row = stacks[room].pop()
        else:
            row = len(rows)
            rows.append([])
        rows[row].append(document)
        stacks[room - length].append(row)
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_best_fit_places_documents_as_if_one_after_another(seed: int) -> None:
    draw = np.random.default_rng(seed)
    longest = int(draw.integers(2, 80))
    lengths = draw.integers(1, longest, size=int(draw.integers(1, 600)))
    packing = pack(lengths, 96)
    assert [packing[row].tolist() for row in range(len(packing))] == one_by_one(lengths.tolist(), 96)


@pytest.mark.parametrize("method", ["first_fit", "best_fit", "none"])
def test_every_document_stands_in_one_row(method: str) -> None:
    lengths = np.random.default_rng(0).integers(1, 33, size=1000)
    packing = pack(lengths, 32, method=method)
    assert sorted(packing.documents.tolist()) == list(range(1000))
    assert packing.offsets[0] == 0
    assert packing.offsets[-1] == 1000
    assert max(packing.sums(lengths)) <= 32


def test_sums_are_taken_row_by_row() -> None:
    packing = pack(np.array([4, 14, 7, 8]), 20)
    assert packing.sums(np.array([1, 10, 100, 1000])).tolist() == [10, 1101]


@pytest.mark.parametrize("method", ["first_fit", "best_fit", "none"])
def test_no_documents_make_no_rows(method: str) -> None:
    packing = pack(np.array([], dtype=np.int32), 8, method=method)
    assert len(packing) == 0
    assert packing.sums(np.array([], dtype=np.int32)).tolist() == []


def test_a_document_as_long_as_a_row_fills_it() -> None:
    assert rows_of([8, 8, 1], 8, "best_fit") == [[8], [8], [1]]


def test_what_cannot_be_packed_is_one_line_with_both_numbers() -> None:
    with pytest.raises(UserError, match="row_length 8 is shorter than the longest document, 9 tokens"):
        pack(np.array([3, 9]), 8)
    with pytest.raises(UserError, match="packing 'worst_fit': know best_fit, first_fit, none"):
        pack(np.array([3]), 8, method="worst_fit")


def test_the_same_documents_are_packed_in_the_same_way() -> None:
    lengths = np.random.default_rng(1).integers(1, 33, size=500)
    first, second = pack(lengths, 64), pack(lengths.copy(), 64)
    assert first.documents.tolist() == second.documents.tolist()
    assert first.offsets.tolist() == second.offsets.tolist()


@pytest.mark.parametrize("method", ["first_fit", "best_fit"])
def test_packing_work_depends_on_the_lengths_and_not_on_how_many_documents_have_them(method: str) -> None:
    def lines_run(count: int) -> int:
        lengths = np.random.default_rng(0).integers(8, 512, size=count)
        run = 0

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal run
            run += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            pack(lengths, 1024, method=method)
        finally:
            sys.settrace(before)
        return run

    assert lines_run(64_000) < 1.5 * lines_run(8_000)
