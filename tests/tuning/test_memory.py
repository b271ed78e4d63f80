"""Bytes and arithmetic of a row against numbers computed by hand."""

from functools import partial

import pytest
import torch
from transformers import LlamaConfig

from hypnos.errors import UserError
from hypnos.tuning.memory import _run, measure_row
from tests.tuning.families import make_config, make_model

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


def test_bytes_and_arithmetic_of_full_tuning_are_those_computed_by_hand(full):
    row = measure_row(full(), SMALL, precision="32-true", tokens=40, loss_tokens=10)
    numbers = OF_LAYERS + 2 * OF_TABLE + 5 * 32  # and five norms
    assert row.parameters == row.trained == numbers
    frequencies = 2 * 4 * 4  # of the rotary embedding, kept twice
    assert row.weights == 4 * numbers + frequencies
    assert row.gradients == 4 * numbers
    assert row.optimizer == pytest.approx(8 * numbers, rel=1e-2)  # two moments, and a step count a tensor
    assert row.flops == 6 * 40 * OF_LAYERS + 6 * 10 * OF_TABLE
    # A chunk of logits in float32, and the head's gradient.
    assert row.logits == pytest.approx(4 * (10 * 1500 + OF_TABLE), rel=0.05)
    assert row.peak >= row.weights + row.gradients + row.optimizer + row.activations + row.logits


def test_a_frozen_base_has_no_gradient_for_its_weights(lora):
    row = measure_row(
        lora(train_embeddings=False, lora_dropout=0.0), SMALL, precision="32-true", tokens=40, loss_tokens=10
    )
    sides = [32 + 32, 32 + 16, 32 + 16, 32 + 32, 32 + 64, 32 + 64, 64 + 32]
    adapters = 2 * 4 * sum(sides)  # two layers, rank 4
    assert row.parameters == OF_LAYERS + 2 * OF_TABLE + 5 * 32
    assert row.trained == adapters
    assert row.gradients == 4 * adapters
    # Forward through both; backward to the input of all frozen matrices but the first layer's first three.
    first = 32 * 32 + 2 * 32 * 16
    inputs = 2 * 40 * (2 * OF_LAYERS - first)
    of_adapters = 2 * 40 * (3 * adapters - 4 * (32 + 32 + 32))
    assert row.flops == inputs + of_adapters + 4 * 10 * OF_TABLE


@pytest.mark.parametrize("tied", [True, False])
def test_tied_tables_count_once_and_are_trained_once(full, lora, tied):
    config = LlamaConfig(**{**SMALL.to_dict(), "tie_word_embeddings": tied})
    tables = OF_TABLE if tied else 2 * OF_TABLE
    row = measure_row(full(), config, precision="32-true", tokens=8, loss_tokens=4)
    assert row.parameters == row.trained == OF_LAYERS + tables + 5 * 32
    adapters = measure_row(lora(train_embeddings=False), config, precision="32-true", tokens=8, loss_tokens=4).trained
    row = measure_row(lora(), config, precision="32-true", tokens=8, loss_tokens=4)
    assert row.trained == adapters + tables


@pytest.mark.parametrize("kind", ["full", "lora"])
@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_deep_model_follows_from_two_shallow_ones(request, kind, recompute, precision):
    config = LlamaConfig(**{**SMALL.to_dict(), "num_hidden_layers": 7})
    make = partial(request.getfixturevalue(kind), activation_checkpointing=recompute)
    followed = measure_row(make(), config, precision=precision, tokens=64, loss_tokens=40)
    assert followed == _run(make(), config, precision=precision, tokens=64, loss_tokens=40)


def test_recomputing_takes_less_memory_and_more_arithmetic(full):
    config = LlamaConfig(**{**SMALL.to_dict(), "num_hidden_layers": 12})
    kept, again = (
        measure_row(full(activation_checkpointing=recompute), config, precision="32-true", tokens=64, loss_tokens=40)
        for recompute in (False, True)
    )
    assert again.activations < kept.activations / 4
    assert again.peak < kept.peak
    assert kept.flops < again.flops < 4 / 3 * kept.flops


def test_the_reference_base_has_its_known_size_and_four_bits_a_seventh_of_full_precisions_weights(lora):
    llama = LlamaConfig()  # the defaults are those of Llama-2-7B
    row = measure_row(lora(r=8, dtype="bfloat16"), llama, precision="bf16-mixed", tokens=64, loss_tokens=32)
    assert row.parameters == 6_738_415_616
    assert row.trained == 19_988_480 + 2 * 32_000 * 4096
    small = measure_row(
        lora(r=8, dtype="bfloat16", quantization="nf4"), llama, precision="bf16-mixed", tokens=64, loss_tokens=32
    )
    inside = 32 * (4 * 4096**2 + 3 * 4096 * 11_008)
    assert row.weights - small.weights == pytest.approx(inside * (2 - 4.127 / 8), rel=1e-6)
    assert row.activations == small.activations


def test_gathered_layers_leave_no_copies_in_half_precision_behind(full):
    known = {"precision": "bf16-mixed", "tokens": 40, "loss_tokens": 10}
    module = full(activation_checkpointing=True)
    plain, sharded = (measure_row(module, SMALL, **known, layers_dtype=of) for of in (None, torch.bfloat16))
    assert plain.activations - sharded.activations == 2 * OF_LAYERS
    layer, outside = OF_LAYERS // 2 + 2 * 32, 2 * OF_TABLE + 32
    # Two layers in half precision, of one the gradient and its float32 copy; embeddings, head, last norm twice.
    assert sharded.gathered == 2 * 2 * layer + (2 + 4) * layer + 2 * 4 * outside


@pytest.mark.parametrize("family", ["Gemma 3", "GPT-2", "GPT-NeoX", "LFM 2"])
def test_other_families_are_measured_without_weights(full, family):
    config = make_config(family)
    measured = measure_row(full(), config, precision="32-true", tokens=16, loss_tokens=8)
    assert measured.parameters == make_model(family).num_parameters()
    assert measured.gradients == 4 * measured.parameters < measured.peak


def test_a_family_that_does_not_run_without_weights_is_named(full):
    with pytest.raises(UserError, match=r"^estimate: qwen3_moe does not run without weights: ") as caught:
        measure_row(full(), make_config("Qwen 3, experts"), precision="32-true", tokens=16, loss_tokens=8)
    assert "\n" not in str(caught.value)
