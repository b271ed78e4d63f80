"""Processes: blocks come back in their order, and what a step finds wrong is its own line."""

import pytest

from hypnos.curation.clean.form import Empty
from hypnos.curation.clean.step import Clean
from hypnos.errors import UserError
from hypnos.workers.processes import Processes


def test_blocks_come_back_in_their_order_and_one_process_is_this_one(tmp_path):
    source = tmp_path / "rows.jsonl"
    source.write_text("", "utf-8")
    work = Clean(rules={"empty": Empty()}).block_work(source)
    blocks = [b'{"id":"%d","instruction":"q","output":"a"}\n' % number for number in range(20)]
    with Processes(1) as here:
        assert [(block, made.kept) for block, made in here.spread(work, blocks)] == list(
            zip(blocks, blocks, strict=True)
        )
        assert here._pool is None


@pytest.mark.slow
def test_several_processes_give_the_same_and_pass_on_what_is_wrong(tmp_path):
    source = tmp_path / "rows.jsonl"
    source.write_text("", "utf-8")
    work = Clean(rules={"empty": Empty()}).block_work(source)
    blocks = [b'{"id":"%d","instruction":"q","output":"a"}\n' % number for number in range(20)]
    with Processes(2) as processes:
        assert [made.kept for _, made in processes.spread(work, blocks)] == blocks
        with pytest.raises(UserError, match="not JSON"):
            list(processes.spread(work, [*blocks, b"{\n"]))
