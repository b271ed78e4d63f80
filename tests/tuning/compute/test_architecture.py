"""Every family that is named as supported has transformers' own loss, packed or alone; the others are told apart."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from hypnos.errors import UserError
from hypnos.tuning.compute.architecture import ATTENTION, check_architecture, check_isolation
from hypnos.tuning.compute.attention import set_attention
from hypnos.tuning.compute.loss import Batch, document_nats, negative_log_likelihood
from tests.tuning.families import ALONE, SMALL, SUPPORTED, make_model

LENGTHS = (13, 25, 9)
PACKED = {"stages.general.data": SimpleNamespace(packing="best_fit", max_length=512, together=1)}
ONE_BY_ONE = {"stages.general.data": SimpleNamespace(packing="none", max_length=512, together=1)}


def row(documents: list[torch.Tensor]) -> Batch:
    """Documents packed into a row, the second half of each learnt."""
    lengths = [len(document) for document in documents]
    starts = [sum(lengths[:i]) for i in range(len(lengths) + 1)]
    kept = torch.cat([torch.arange(start + n // 2, start + n) for start, n in zip(starts, lengths, strict=False)])
    ids = torch.cat(documents)
    return {
        "input_ids": ids[None],
        "position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
        "labels": ids[kept],
        "logits_to_keep": kept - 1,
        "cu_seqlens": torch.tensor(starts, dtype=torch.int32),
        "max_seqlen": max(lengths),
    }


def documents() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(3, 1500, (length,), generator=generator) for length in LENGTHS]


@torch.no_grad()
def own_nats(model: Any, document: torch.Tensor) -> float:
    """The loss that transformers computes, as it attends by itself, summed over the learnt tokens."""
    labels = document.clone()
    labels[: len(document) // 2] = -100
    learnt = len(document) - len(document) // 2
    return model(input_ids=document[None], labels=labels[None], use_cache=False).loss.item() * learnt


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", SUPPORTED)
@torch.no_grad()
def test_packed_or_alone_the_loss_is_transformers_own(family, tied):
    model = make_model(family, tied=tied)
    check_architecture(model, PACKED, base="base")
    expected = [own_nats(model, document) for document in documents()]
    set_attention(model, "auto")
    alone = [negative_log_likelihood(model, row([document])).item() for document in documents()]
    assert alone == pytest.approx(expected, rel=1e-5)
    assert document_nats(model, row(documents())).tolist() == pytest.approx(expected, rel=1e-5)
    assert negative_log_likelihood(model, row(documents())).item() == pytest.approx(sum(expected), rel=1e-5)
    check_isolation(model)


@pytest.mark.parametrize("attention", ["eager", "sdpa", "documents"])
@pytest.mark.parametrize("family", ["Gemma 2", "GPT-OSS"])
@torch.no_grad()
def test_caps_and_sinks_are_kept_whatever_attention_is_asked_for(family, attention):
    model = make_model(family)
    expected = [own_nats(model, document) for document in documents()]
    set_attention(model, attention)
    assert document_nats(model, row(documents())).tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("family", ALONE)
@torch.no_grad()
def test_what_mixes_documents_up_is_refused_a_packed_row_and_right_without(family):
    model = make_model(family)
    kind = model.config.model_type
    with pytest.raises(UserError, match=rf"^base: documents .* would see each other: {kind} .*packing=none") as caught:
        check_architecture(model, PACKED, base="base")
    assert "\n" not in str(caught.value)
    check_architecture(model, ONE_BY_ONE, base="base")
    expected = [own_nats(model, document) for document in documents()]
    set_attention(model, "auto")
    alone = [negative_log_likelihood(model, row([document])).item() for document in documents()]
    assert alone == pytest.approx(expected, rel=1e-5)
    with pytest.raises(UserError, match=r"packed row see each other"):  # the refusal is no caution: they do
        check_isolation(model)


@pytest.mark.parametrize("kind", ["llama4_text", "mamba", "mamba2", "rwkv"])
def test_what_cannot_be_trained_is_refused_by_name(kind):
    with torch.device("meta"):
        config = CONFIG_MAPPING[kind](num_hidden_layers=1, vocab_size=64)
        model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(UserError, match=f"^base: {kind} cannot be trained here: ") as caught:
        check_architecture(model, ONE_BY_ONE, base="base")
    assert "\n" not in str(caught.value)


LONGROPE = {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4, "original_max_position_embeddings": 64}


@pytest.mark.parametrize(
    ("rope", "data", "refused"),
    [
        ({"rope_type": "dynamic", "factor": 2.0}, PACKED, True),
        ({"rope_type": "dynamic", "factor": 2.0}, ONE_BY_ONE, True),
        ({"rope_type": "longrope", **LONGROPE}, PACKED, True),
        ({"rope_type": "longrope", **LONGROPE}, ONE_BY_ONE, False),
        ({"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 64}, PACKED, False),
    ],
)
def test_frequencies_that_depend_on_the_longest_document_are_refused_where_one_may_be_long(rope, data, refused):
    settings = {**SMALL, "max_position_embeddings": 64, "rope_parameters": {"rope_theta": 1e4, **rope}}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(CONFIG_MAPPING["llama"](**settings))
    short = {name: SimpleNamespace(packing=part.packing, max_length=64, together=1) for name, part in data.items()}
    check_architecture(model, short, base="base")
    refusal = pytest.raises(UserError, match=r"rope .* beyond 64 tokens.*stages\.general\.data\.max_length is 512")
    with refusal if refused else nullcontext():
        check_architecture(model, data, base="base")


def test_a_leak_of_any_other_kind_is_measured(small_model):
    """A Llama that looks at the whole row, as a kind that is not known might."""
    model = small_model()
    check_isolation(model)
    layer = model.model.layers[0]
    layer.register_forward_hook(lambda module, inputs, output: output + output.cumsum(1) * 1e-2)
    with pytest.raises(UserError, match="LlamaForCausalLM: documents of a packed row see each other"):
        check_isolation(model)


def test_only_layers_of_attention_are_known_to_keep_no_state():
    assert {"full_attention", "sliding_attention"} == ATTENTION
