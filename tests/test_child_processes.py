"""Processes of a pool: started apart, and one that is ended while others start is a broken pool, whatever it raises."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from hypnos.child_processes import started_apart, submit


def test_ctrl_c_is_kept_from_processes_that_are_started_and_let_through_again():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with started_apart():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


class Pool:
    def __init__(self, error):
        self.error = error

    def submit(self, *arguments):
        raise self.error


def test_a_pipe_that_a_broken_pool_closed_is_a_broken_pool_and_a_full_system_is_not():
    with pytest.raises(BrokenProcessPool):
        submit(Pool(OSError("handle is closed")), print)
    with pytest.raises(OSError, match="Too many open files"):
        submit(Pool(OSError(24, "Too many open files")), print)


@pytest.mark.slow
def test_work_is_done_in_another_process():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert submit(pool, os.getpid).result() != os.getpid()
