"""Ranks that launchers start learn what one process learns; told to end, they save, and one goes on from their parts."""

import signal

import pytest

from bench import cluster
from hypnos.tuning.callbacks.checkpoints import CHECKPOINTS


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    assert cluster.ended(cluster.one_process(folder)) == [0]
    return folder


@pytest.mark.slow
def test_two_agents_of_torchrun_on_loopback_end_both_stages_with_the_losses_of_one_process(alone, tmp_path):
    assert cluster.ended(cluster.torchrun(tmp_path, "ddp", 2)) == [0, 0]
    assert cluster.apart(tmp_path, alone) < 1e-5


@pytest.mark.slow
def test_ranks_of_srun_that_are_told_to_end_save_parts_and_one_process_goes_on_from_them(alone, tmp_path):
    ranks = cluster.srun(tmp_path, "fsdp", 2, *cluster.PARTS, *cluster.EVERY_STEP)
    assert cluster.noticed(ranks, tmp_path, "anesthesia", signal.SIGUSR1) == [143, 143]
    (saved,) = tmp_path.glob(f"artefacts/models/.anesthesia-*/{CHECKPOINTS}")
    newest = max(saved.glob("step-*.ckpt"))
    assert newest.is_dir() and len(list(newest.glob("__[01]_*.distcp"))) == 2
    assert cluster.ended(cluster.one_process(tmp_path)) == [0]
    assert cluster.apart(tmp_path, alone) < 1e-5
