"""Keys and values that grow by a token and lose rows, as transformers' own cache holds them."""

import torch
from transformers import LlamaConfig
from transformers.cache_utils import DynamicLayer

from hypnos.benchmark.inference.kv_cache import BLOCK, GrowingLayer, make_cache


def test_a_layer_holds_what_a_plain_one_holds_over_the_end_of_a_block():
    torch.manual_seed(0)
    ours, plain = GrowingLayer(), DynamicLayer()
    for tokens in (BLOCK - 1, 1, 1, 3):
        keys, values = torch.randn(3, 2, tokens, 4), torch.randn(3, 2, tokens, 4)
        found = ours.update(keys, values)
        expected = plain.update(keys, values)
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert ours.get_seq_length() == BLOCK + 4 and ours.stored_keys.shape[-2] == 2 * BLOCK
    kept = torch.tensor([2, 0])
    before = ours.keys.clone()
    ours.batch_select_indices(kept)
    assert torch.equal(ours.keys, before[kept]) and ours.values.shape == (2, 2, BLOCK + 4, 4)


def test_layers_that_are_no_attention_keep_the_librarys_own_cache():
    plain = LlamaConfig(num_hidden_layers=2)
    assert [type(layer) for layer in make_cache(plain).layers] == [GrowingLayer, GrowingLayer]
    plain.layer_types = ["full_attention", "linear_attention"]
    assert not any(isinstance(layer, GrowingLayer) for layer in make_cache(plain).layers)
