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
def test_packing_work_grows_with_documents_not_with_their_square(method: str) -> None:
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

    assert 8 * 0.5 < lines_run(8_000) / lines_run(1_000) < 8 * 1.5  # a tree adds three levels; the square would be 64
