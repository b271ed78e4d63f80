"""Two processes that share a model's weights learn what one learns, keep half each, and either goes on from the other."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from pytorch_lightning import Trainer
from pytorch_lightning.plugins.environments import SLURMEnvironment

from hypnos.errors import UserError
from hypnos.tuning.callbacks.checkpoints import CHECKPOINTS, WholeFiles, newest_sound
from hypnos.tuning.distributed.parts import check_parts
from hypnos.tuning.distributed.sharding import Sharded, _layer_classes, build_trainer, shard

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("sharded_steps.py")
LENGTHS = [40, 7, 64, 23, 12, 55, 31, 9, 60, 18, 44, 20, 50]

spec = importlib.util.spec_from_file_location("sharded_steps", SCRIPT)
assert spec is not None and spec.loader is not None
steps = importlib.util.module_from_spec(spec)
spec.loader.exec_module(steps)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_model: Callable) -> Path:
    """What two ranks found in every case."""
    place = tmp_path_factory.mktemp("sharded")
    generator = torch.Generator().manual_seed(0)
    rows = []
    for length in LENGTHS:
        learnt = [at > length // 3 for at in range(length)]
        ids = torch.randint(3, 1500, (length,), generator=generator).tolist()
        rows.append(
            {"input_ids": ids, "learnt": learnt, "length": length, "learnt_tokens": sum(learnt), "characters": length}
        )
    Dataset.from_list(rows).save_to_disk(str(place / "documents"))
    for tie in ("untied", "tied"):
        small_model(tied=tie == "tied").save_pretrained(place / tie)
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(SCRIPT), str(place)], env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return place


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "tie"), steps.CASES)
def test_two_ranks_learn_what_one_learns(folder, tmp_path, kind, tie):
    ours = torch.load(folder / f"{kind}, {tie}" / "found.pt", weights_only=True)
    alone = steps.run_case(kind, tie, folder, tmp_path / "alone", sharded=False)
    # In half precision sums over parts round otherwise.
    bound = 2e-2 if "bf16" in kind else 1e-5
    for name, figures in alone["figures"].items():
        assert len(figures) >= 1
        assert ours["figures"][name] == pytest.approx(figures, rel=bound, abs=bound), name
    assert ours["weights"].keys() == alone["weights"].keys()
    for name, weight in alone["weights"].items():
        assert (weight - ours["weights"][name]).abs().max() < bound, name
    assert ours["held"] < 0.55 * alone["held"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*steps.RESUMED, *(f"{kind}, parts" for kind in steps.RESUMED)])
def test_two_that_go_on_from_the_middle_end_as_if_they_had_not_stopped(folder, kind):
    whole, again = torch.load(folder / kind / "found.pt", weights_only=True)
    assert len(whole["figures"]["train/loss"]) == steps.STEPS
    for name in ("train/loss", "train/grad_norm"):
        assert again["figures"][name] == whole["figures"][name][2:], name
    for name, weight in whole["weights"].items():
        assert weight.equal(again["weights"][name]), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", steps.RESUMED)
def test_parts_put_together_are_the_one_file_that_the_same_steps_leave(folder, kind, tmp_path):
    file, parts = (folder / name / CHECKPOINTS / "step-2.ckpt" for name in (kind, f"{kind}, parts"))
    assert parts.is_dir() and len(list(parts.glob("__[01]_*.distcp"))) == 2
    one, whole = torch.load(file, weights_only=True), WholeFiles().load_checkpoint(parts)
    assert one.keys() == whole.keys()
    for name, weight in one["state_dict"].items():
        assert weight.equal(whole["state_dict"][name]), name
    (was,), (now,) = one["optimizer_states"], whole["optimizer_states"]
    assert was["state"].keys() == now["state"].keys() and len(was["state"]) > 2
    for number, values in was["state"].items():
        assert values.keys() == now["state"][number].keys()
        assert all(torch.equal(value, now["state"][number][name]) for name, value in values.items())
    damaged = tmp_path / "step-2.ckpt"
    shutil.copytree(parts, damaged)
    check_parts(damaged)
    part = damaged / "__1_0.distcp"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert newest_sound(tmp_path, "steps") is None
    assert (tmp_path / "step-2.damaged").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "lora"])
def test_one_process_goes_on_from_what_two_saved(folder, tmp_path, kind):
    ours = torch.load(folder / f"{kind}, untied" / "found.pt", weights_only=True)
    saved = folder / f"{kind}, untied" / CHECKPOINTS / "step-2.ckpt"
    (tmp_path / CHECKPOINTS).mkdir()
    (tmp_path / CHECKPOINTS / "step-2.ckpt").write_bytes(saved.read_bytes())
    alone = steps.run_case(kind, "untied", folder, tmp_path, sharded=False)
    assert alone["figures"]["train/loss"] != ours["figures"]["train/loss"]  # two steps, not four
    for name, weight in alone["weights"].items():
        assert (weight - ours["weights"][name]).abs().max() < 1e-5, name


def test_a_strategy_that_no_stage_could_be_exported_from_is_one_line():
    with pytest.raises(UserError, match="strategy deepspeed_stage_3: know auto, ddp, fsdp"):
        build_trainer(dict, {"tuning": {}, "trainer": {"strategy": "deepspeed_stage_3", "precision": "32-true"}})


def test_a_model_without_named_layers_is_one_line(full, small_model):
    module = full()
    module.model = small_model()
    module.model._no_split_modules = None
    with pytest.raises(UserError, match="LlamaForCausalLM does not tell what its layers are"):
        shard(module, None, "32-true")


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        ({"tuning": {"quantization": "nf4"}, "trainer": {"strategy": "fsdp", "precision": "32-true"}}, "four bits"),
        ({"tuning": {}, "trainer": {"strategy": "fsdp", "precision": "16-mixed"}}, "precision 16-mixed"),
        (
            {"trainer": {"strategy": "ddp"}, "callbacks": {"checkpoint": {"parts": True}}},
            r"checkpoint\.parts: of strategy=fsdp alone",
        ),
    ],
)
def test_what_cannot_be_sharded_is_one_line(stage, line):
    with pytest.raises(UserError, match=line):
        build_trainer(dict, stage)


@pytest.mark.parametrize("precision", ["bf16-true", "16-true"])
def test_a_precision_that_rounds_positions_is_one_line(precision):
    with pytest.raises(UserError, match=rf"precision {precision}: .*tuning\.dtype=bfloat16"):
        build_trainer(dict, {"tuning": {}, "trainer": {"strategy": "auto", "precision": precision}})


def test_a_scaled_loss_is_not_clipped_by_its_scale():
    stage = {"tuning": {"optimizer": {"fused": True}}, "trainer": {"strategy": "auto", "precision": "16-mixed"}}
    with pytest.raises(UserError, match=r"precision 16-mixed: .*tuning\.optimizer\.fused=true"):
        build_trainer(dict, stage)


def test_a_scheduler_that_requeues_leaves_no_checkpoint_that_is_read_by_itself(monkeypatch, tmp_path):
    given = {"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "train", "SLURM_JOB_ID": "7", "SLURM_PROCID": "0"}
    for name, value in {**given, "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_NTASKS_PER_NODE": "1"}.items():
        monkeypatch.setenv(name, value)
    stage = {"tuning": {}, "trainer": {"strategy": "auto", "precision": "32-true", "accelerator": "cpu", "devices": 1}}
    trainer = build_trainer(lambda settings, **given: Trainer(**settings, **given), stage, default_root_dir=tmp_path)
    environment = trainer._accelerator_connector.cluster_environment
    assert isinstance(environment, SLURMEnvironment) and not environment.auto_requeue


def test_names_that_libraries_keep_to_themselves_are_still_there(small_model):
    assert set(_layer_classes(small_model())) == {"LlamaDecoderLayer"}
    assert vars(Sharded()).keys() >= {"_data_parallel_size", "_tensor_parallel_size"}
