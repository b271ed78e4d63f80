"""Prompts of several lengths in one batch, on models that differ in how they mask: as transformers says each alone."""

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
)

from hypnos.benchmark.inference.generate import BatchRow, decode
from hypnos.benchmark.inference.padding import LeftPadding, takes_bias

SHAPE = {
    **{"vocab_size": 100, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "initializer_range": 0.3},
    **{"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64},
    **{"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
}
PROMPTS = [[1, 5, 9], [1, 7, 8, 20, 31, 44, 53, 60, 71], [1, 30, 40, 50, 60, 70]]
FULL = [LlamaConfig(**SHAPE), Qwen2Config(**SHAPE), GPT2Config(**SHAPE)]
OTHERS = [
    MistralConfig(**SHAPE, sliding_window=5),
    Gemma3TextConfig(**SHAPE, sliding_window=5, layer_types=["sliding_attention", "full_attention"]),
    BloomConfig(**{**SHAPE, "n_head": 4}),
]


def make(config, attention="sdpa"):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()


@pytest.mark.parametrize("config", [*FULL, *OTHERS], ids=lambda config: config.model_type)
def test_a_batch_of_several_lengths_says_what_each_prompt_alone_says(config):
    model = make(config, "eager" if config.model_type == "bloom" else "sdpa")
    expected = [
        model.generate(torch.tensor([ids]), max_new_tokens=20, do_sample=False, eos_token_id=None, pad_token_id=0)
        for ids in PROMPTS
    ]
    got = decode(model, [BatchRow(prompt=ids, limit=20) for ids in PROMPTS], stops=set(), pad=0)
    assert [[*ids, *said] for ids, (said, *_) in zip(PROMPTS, got, strict=True)] == [
        one[0].tolist() for one in expected
    ]
    assert takes_bias(model) == any(config is one for one in FULL)


def test_rows_of_one_length_have_no_mask_and_others_none_of_their_padding():
    model = make(FULL[0])
    assert LeftPadding([4, 4], more=3, model=model).mask(4) is None
    padding = LeftPadding([2, 4], more=3, model=model)
    assert padding.positions().tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]
    assert padding.mask(4).tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    minus = -torch.inf
    assert padding.mask(5).tolist() == [[[[minus, minus, 0, 0, 0]]], [[[0, 0, 0, 0, 0]]]]
    padding.keep(torch.tensor([1]))
    assert padding.mask(5).tolist() == [[[[0, 0, 0, 0, 0]]]]
    assert padding.positions().tolist() == [[0, 1, 2, 3]]


def test_attention_that_wants_its_own_mask_gets_zeros_and_ones():
    padding = LeftPadding([2, 4], more=3, model=make(FULL[0], "eager"))
    assert padding.mask(5).tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]


def test_the_library_still_says_under_this_private_name_which_attention_it_chose():
    assert make(FULL[0], "eager").config._attn_implementation == "eager"
    assert make(FULL[0]).config._attn_implementation == "sdpa"
