import os

from hypnos.llm.providers.batch import pending
from hypnos.llm.providers.batch.pending import Pending


def test_it_is_read_as_it_was_written_and_a_provider_s_id_is_none():
    begun = Pending.begin().marked("file-1")
    assert Pending.read(str(begun)) == begun
    assert Pending.read("batch_abc") is None


def test_it_is_under_way_while_its_process_runs_and_has_not_given_it_up():
    begun = Pending.begin()
    assert begun.owner.startswith(f"{os.getpid()}:") and begun.is_under_way
    assert not begun.abandoned().is_under_way
    assert not Pending(name="n", owner="1:0", moment=0.0).is_under_way


def test_it_may_appear_for_a_while_after_it_was_sent():
    assert 0 < Pending.begin().marked("m").may_appear <= pending.APPEARS_AFTER
    assert Pending(name="n", owner="", moment=0.0).may_appear == 0
