"""Attention by document against transformers' own under a mask, where there is more to it than in a plain Llama."""

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from hypnos.tuning.compute.attention import DOCUMENTS, attend_documents, choose_attention


@pytest.fixture
def windowed() -> MistralForCausalLM:
    """Each token sees six, itself included."""
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=100,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=6,
        initializer_range=0.2,
    )
    return MistralForCausalLM(config).eval()


@pytest.mark.parametrize("attention", ["auto", "eager"])
def test_a_sliding_window_holds_within_a_document(windowed, attention):
    ids = torch.randint(3, 100, (1, 25))
    positions = torch.cat([torch.arange(14), torch.arange(4), torch.arange(7)])[None]
    found = {}
    with torch.no_grad():
        for kind in ("sdpa", choose_attention(attention)):
            windowed.set_attn_implementation(kind)
            found[kind] = windowed(input_ids=ids, position_ids=positions, use_cache=False).logits
    own, theirs = found.values()
    torch.testing.assert_close(own, theirs, atol=1e-5, rtol=0)
    windowed.config.sliding_window = None
    with torch.no_grad():  # the equality above can fail
        whole = windowed(input_ids=ids, position_ids=positions, use_cache=False).logits
    assert (whole - found["sdpa"]).abs().max() > 0.01


def test_a_sliding_window_holds_while_text_is_written(windowed):
    ids = torch.randint(3, 100, (1, 9))
    said = {}
    for kind in ("sdpa", choose_attention("auto")):
        windowed.set_attn_implementation(kind)
        said[kind] = windowed.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
    assert said[DOCUMENTS].tolist() == said["sdpa"].tolist()


def test_in_half_precision_a_cpu_attends_in_float32():
    torch.manual_seed(0)
    half = [torch.randn(1, 4, 21, 8).bfloat16().requires_grad_() for _ in range(3)]
    full = [part.detach().float().requires_grad_() for part in half]
    positions = torch.cat([torch.arange(14), torch.arange(7)])[None]
    with torch.autocast("cpu", torch.bfloat16):
        rounded, _ = attend_documents(None, *half, None, position_ids=positions)
    exact, _ = attend_documents(None, *full, None, position_ids=positions)
    assert rounded.dtype == torch.bfloat16 and exact.dtype == torch.float32
    assert torch.equal(rounded, exact.bfloat16())
    slope = torch.randn(rounded.shape).bfloat16()
    rounded.backward(slope)
    exact.backward(slope.float())
    for one, other in zip(half, full, strict=True):
        assert torch.equal(one.grad, other.grad.bfloat16())
