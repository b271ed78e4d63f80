"""Ranks join the first one of their own run, and wait while another run makes the stage that they want."""

import os
import socket
import threading
import time

import pytest

from hypnos.artefacts.store import join_making, partial_of
from hypnos.tuning.distributed import ranks as rank

HOST = socket.gethostname()
LAUNCHERS = ("MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK", "TORCHELASTIC_RUN_ID", "SLURM_JOB_ID", "SLURM_STEP_ID")


@pytest.fixture
def process(monkeypatch):
    """Make this process the rank of a launcher that sets these variables, the first one or another."""

    def become(*, first: bool, parent: int = 0, **variables: str) -> None:
        monkeypatch.setattr(rank, "is_first_rank", lambda: first)
        monkeypatch.setattr(rank, "PARENT", parent)
        monkeypatch.setattr(rank, "_AT_START", {name: variables.get(name) for name in rank.SET_BY_LAUNCHER})
        for name in LAUNCHERS:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return become


TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "MASTER_ADDR": "a", "MASTER_PORT": "1", "LOCAL_RANK": "0"}
SRUN = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0"}
BY_HAND = {"MASTER_ADDR": "a", "MASTER_PORT": "1", "NODE_RANK": "0"}
CHILD = {"LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "5"}
OWN = os.getpid()


@pytest.mark.parametrize(
    ("leader", "other", "child", "ours"),
    [
        ({}, CHILD, True, True),
        ({}, CHILD, False, False),
        (TORCHRUN, {**TORCHRUN, "LOCAL_RANK": "1"}, False, True),
        (TORCHRUN, {**TORCHRUN, "LOCAL_RANK": "1", "MASTER_PORT": "2"}, False, False),
        (SRUN, SRUN, False, True),
        (SRUN, {**SRUN, "SLURM_STEP_ID": "1"}, False, False),
        (BY_HAND, {**BY_HAND, "NODE_RANK": "1"}, False, True),
        (BY_HAND, {**BY_HAND, "NODE_RANK": "1", "MASTER_ADDR": "b"}, False, False),
        ({}, {}, False, True),  # a launcher that is not known: as if there were no other run
    ],
)
def test_a_rank_knows_its_own_run(process, tmp_path, leader, other, child, ours):
    process(first=True, **leader)
    with rank.leading(tmp_path):
        process(first=False, parent=OWN if child else OWN + 1, **other)
        assert rank.is_led(tmp_path) == ours
    assert not rank.is_led(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def joining(process, tmp_path):
    """A rank that wants a stage on which another run works, and where it did its share so far."""
    directory = tmp_path / "stage"
    partial_of(directory).mkdir()
    (partial_of(directory) / rank.LED_BY).write_text(f"process {HOST} {OWN + 1}")
    process(first=False, parent=OWN, **CHILD)
    written = []
    thread = threading.Thread(target=join_making, args=(directory, written.append), kwargs={"led": rank.is_led})
    thread.start()
    time.sleep(0.5)
    assert not written and thread.is_alive()
    yield directory, written, thread
    partial_of(directory).rename(directory)
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_a_rank_waits_while_another_run_makes_the_stage(joining):
    directory, written, thread = joining
    (partial_of(directory) / rank.LED_BY).unlink()
    time.sleep(0.5)
    assert not written and thread.is_alive()


def test_a_rank_joins_once_its_own_first_rank_has_the_lock(joining):
    directory, written, _ = joining
    (partial_of(directory) / rank.LED_BY).write_text(f"process {HOST} {OWN}")
    deadline = time.monotonic() + 30
    while not written and time.monotonic() < deadline:
        time.sleep(0.01)
    assert written == [partial_of(directory)]


@pytest.mark.parametrize(
    ("variables", "count"),
    [
        ({}, 1),
        ({"WORLD_SIZE": "4"}, 1),  # of nobody who starts ranks
        ({**TORCHRUN, "WORLD_SIZE": "4"}, 4),
        ({**SRUN, "SLURM_STEP_NUM_TASKS": "8"}, 8),
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "8"}, 1),  # a script of sbatch, without srun
    ],
)
def test_it_is_known_how_many_processes_were_started(process, monkeypatch, variables, count):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    process(first=True, **variables)
    assert rank.started_ranks() == count
