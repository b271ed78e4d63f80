"""Rows as lines."""

import pytest

from hypnos.curation.pipeline.rows import RowsOf, evenly, read_block, sift_block, to_line
from hypnos.errors import UserError


def test_a_block_is_divided_as_its_step_says():
    def evens(rows, reject):
        for row in rows:
            if row["n"] % 2:
                reject(row, "odd")
            else:
                yield row

    block = b"".join(to_line({"n": n, "author": "x"}) for n in range(5))
    result = sift_block(block, "evens", evens)
    assert result.kept == b'{"n":0,"author":"x"}\n{"n":2,"author":"x"}\n{"n":4,"author":"x"}\n'
    assert result.rejected.splitlines()[0] == b'{"n":1,"author":"x","step":"evens","reason":"odd"}'
    assert (result.read, result.counts.kept, result.counts.rejected) == (len(block), 3, {"odd": 2})


def test_what_is_no_row_is_shown():
    with pytest.raises(UserError, match="not JSON"):
        list(read_block(b'{"a": 1}\n{"a":'))
    with pytest.raises(UserError, match="record 7: cannot be written"):
        to_line({"id": 7, "scores": {1, 2}})


@pytest.mark.parametrize("most", [1, 7, 8, 40, 41, 100])
def test_rows_evenly_out_of_a_file_are_those_out_of_a_list(tmp_path, most):
    rows = [{"id": str(number)} for number in range(41)]
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(map(to_line, rows)))
    chosen, step = evenly(RowsOf(file), most)
    assert list(chosen) == list(evenly(rows, most)[0]) == rows[::step]
    assert len(rows[::step]) <= most and (step == 1) == (most >= 41)
    assert [list(evenly(some, most, least=42)[0]) for some in (rows, RowsOf(file))] == [[], []]
