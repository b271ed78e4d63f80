"""A scheduler's notice ends a run at once, or where a stage trains once its step is saved."""

import os
import signal
from types import SimpleNamespace

import pytest

from hypnos.errors import Preempted, one_line
from hypnos.tuning.distributed import notice

TRAINER = SimpleNamespace(strategy=SimpleNamespace(reduce_boolean_decision=lambda given, all: given))


@pytest.mark.parametrize("number", notice.SIGNALS)
def test_between_stages_a_notice_ends_the_command_with_143_and_one_line(number, capsys):
    with pytest.raises(SystemExit) as ended, one_line(reraise=True), notice.heeded():
        os.kill(os.getpid(), number)
    assert ended.value.code == 143
    said = capsys.readouterr().err
    assert said.startswith(f"error: told to end ({number.name})") and said.count("\n") == 1


@pytest.mark.parametrize("number", notice.SIGNALS)
def test_while_a_stage_trains_it_waits_for_the_step(number):
    before = signal.getsignal(number)
    with notice.heeded():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Lightning puts its own in place
        notice.begin_steps()
        assert not notice.is_given(TRAINER)
        os.kill(os.getpid(), number)
        assert notice.is_given(TRAINER)
        assert str(notice.preempted("general", 7)).startswith(
            f"stage general was told to end ({number.name}) and is saved at step 7"
        )
        notice.end_steps()
        with pytest.raises(Preempted):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_a_trainer_outside_of_a_run_leaves_signals_alone():
    before = signal.getsignal(signal.SIGTERM)
    notice.begin_steps()
    assert signal.getsignal(signal.SIGTERM) == before
