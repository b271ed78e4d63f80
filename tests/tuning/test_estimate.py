"""The estimate against hand-computed numbers, against what a run writes down, and (slow) against measured memory."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from hydra.utils import instantiate
from transformers import AutoModelForCausalLM, LlamaConfig

from hypnos.errors import UserError
from hypnos.experiment.run import run_experiment
from hypnos.tuning.estimate import Work, total_flops
from hypnos.tuning.memory import measure_row

SMALL = LlamaConfig(
    vocab_size=1500,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
)
OF_LAYERS = 2 * (2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64)  # numbers in the matrices of both layers
OF_TABLE = 1500 * 32


def test_attention_counts_within_documents_alone(full):
    row = measure_row(full(), SMALL, precision="32-true", tokens=40, loss_tokens=10)
    known = {
        "devices": 1,
        "sharded": False,
        "row_length": 40,
        "rows_per_step": 1,
        "steps": 5,
        "tokens": 100,
        "loss_share": 0.25,
    }
    flops = total_flops(row, Work(**known, squares=2 * 30**2 + 40**2), SMALL, recompute=False)
    # Two layers of width 32; of 30 tokens each looks at 15.5 on average, taken as 15.
    assert flops == row.flops * 100 / 40 + 6 * 2 * 32 * (2 * 30**2 + 40**2)


@pytest.fixture
def estimate(compose, tmp_path, capsys):
    def print_it(*overrides: str) -> str:
        small = [
            *("sources.general.limit=60", "sources.anesthesia.limit=60", "sources.text.limit=10"),
            *("model.recipe.pieces=2000", "logger=none", "answers.max_new_tokens=4", f"paths.artefacts={tmp_path}"),
        ]
        config = compose("train", [*small, "estimate=true", *overrides])
        run_experiment(config, build=partial(instantiate, _convert_="all"), output=tmp_path)
        return capsys.readouterr().out

    return print_it


def test_it_loads_nothing_trains_nothing_and_agrees_with_what_a_run_writes_down(
    estimate, train_once, tmp_path, monkeypatch
):
    def refuse(*args, **settings):
        raise AssertionError("weights were asked for")

    with monkeypatch.context() as patched:
        patched.setattr(AutoModelForCausalLM, "from_pretrained", refuse)
        patched.setattr("hypnos.vocabulary.pretrained.load_base", refuse)
        said = estimate("stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2")
    assert not (tmp_path / "models").exists()
    rows = train_once("stages.general.trainer.max_steps=2", "stages.anesthesia.trainer.max_steps=2")
    for row, part in zip(rows[2:], said.split("stage ")[1:], strict=True):
        stage = json.loads((Path(row["directory"]) / "stage.json").read_text("utf-8"))
        assert f"parameters: {stage['parameters']['all']:,}; trained: {stage['parameters']['trained']:,}" in part
        assert f"in {stage['steps']} steps" in part
        assert len(re.findall(r"^(?:32-true|bf16-mixed), ", part, re.M)) == 4
        assert part.count(" *  ") == 1
        assert "seconds" not in part
    assert "assumed" not in said


def test_a_rate_gives_times_and_devices_share_them(estimate):
    short = ["experiment=specific_only", "accelerator=gpu", "strategy=ddp"]  # a device this machine need not have
    one, two = (estimate(*short, "estimate_rate=0.001", f"devices={n}") for n in (1, 2))
    seconds, halved = (
        float(re.search(r"; ([\d.]+) (?:minutes|seconds) at 0.001 TFLOP/s", said)[1]) for said in (one, two)
    )
    assert seconds == pytest.approx(2 * halved, rel=0.02)
    assert "ddp" not in one.split("activations", 1)[1] and "ddp" in two
    with pytest.raises(UserError, match="estimate_rate: -1: must be a number, above 0 or null"):
        estimate(*short, "estimate_rate=-1")


def test_sharded_bytes_are_divided_and_what_is_gathered_is_told(estimate):
    short = ["experiment=specific_only", "accelerator=gpu", "strategy=fsdp"]
    rows = []
    for devices in (1, 4):
        said = estimate(*short, f"devices={devices}")
        assert "gathered" in said
        rows.append([float(size) for size in re.findall(r"([\d.]+) MiB", re.search(r"32-true, kept .*", said)[0])])
    for one, four in zip(rows[0][:3], rows[1][:3], strict=True):  # weights, gradients, optimizer
        assert four == pytest.approx(one / 4, abs=0.06)
    assert rows[0][3:-1] == rows[1][3:-1]
    assert rows[1][-1] == pytest.approx(sum(rows[1][:-1]), abs=0.4)


def test_without_a_tokenizer_numbers_are_assumed_and_it_says_so(estimate, tmp_path):
    base = tmp_path / "config-alone"
    LlamaConfig(**SMALL.to_dict()).save_pretrained(base)
    said = estimate(f"model.path={base}", "experiment=specific_only")
    assert "assumed: full rows" in said and "no tokenizer here" in said
    assert f"parameters: {OF_LAYERS + 2 * 32 * (1500 + 2000) + 5 * 32:,};" in said


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["general", "anesthesia"])
def test_memory_is_within_a_fifth_of_what_a_process_takes(stage):
    from bench.estimate import GIVEN_BACK, measured

    found = measured(stage, ["model=tiny"], environment=GIVEN_BACK)
    assert found["estimate"] == pytest.approx(found["peak"], rel=0.2)
