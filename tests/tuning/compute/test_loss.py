from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerFast

from hypnos.corpus.records import Instruction, Text
from hypnos.data.encode import Encoder
from hypnos.data.pack import Packing, pack
from hypnos.data.rows import PackedRows
from hypnos.tuning.compute.attention import choose_attention
from hypnos.tuning.compute.loss import negative_log_likelihood

RECORDS = [
    Instruction("a", "什么是肌松药？", "使骨骼肌松弛的药物。"),
    Instruction("b", "Is propofol an opioid?", "No, it is a hypnotic."),
    Instruction("c", "再问一次", "好的。", history=(("第一问", "第一答"), ("second", "answer two"))),
    Text("d", "Anaesthetists keep patients asleep and safe."),
    Instruction("e", "短", "是"),
]


@pytest.fixture
def documents(tokenizer: Path) -> Dataset:
    encoder = Encoder(PreTrainedTokenizerFast.from_pretrained(tokenizer), max_length=200)
    rows = [d for result in encoder.encode(RECORDS[:3]) for d in result]
    rows += [d for r in RECORDS[3:] for result in encoder.encode([r]) for d in result]
    return Dataset.from_list(
        [
            {
                "input_ids": d.input_ids,
                "learnt": d.loss_mask,
                "length": len(d.input_ids),
                "learnt_tokens": sum(d.loss_mask),
                "characters": d.characters,
            }
            for d in rows
        ]
    )


def one_row(documents: Dataset) -> Packing:
    return Packing(np.arange(len(documents)), np.array([0, len(documents)]))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_packed_document_has_the_logits_of_the_document_alone(documents, small_model, attention):
    model = small_model()
    model.set_attn_implementation(choose_attention(attention))
    alone = small_model()
    row = PackedRows(documents, one_row(documents))[0, 1]
    with torch.no_grad():
        packed = model(input_ids=row["input_ids"], position_ids=row["position_ids"], use_cache=False).logits[0]
        start = 0
        for document in documents:
            ids = torch.tensor([document["input_ids"]])
            own = alone(input_ids=ids).logits[0]
            torch.testing.assert_close(packed[start : start + ids.shape[1]], own, atol=1e-5, rtol=0)
            start += ids.shape[1]
    assert start == row["input_ids"].shape[1]


def test_without_restarting_positions_documents_see_each_other(documents, small_model):
    """The equality above can fail: this is what a leak looks like."""
    model = small_model()
    row = PackedRows(documents, one_row(documents))[0, 1]
    second = documents[0]["length"]
    with torch.no_grad():
        leaking = model(input_ids=row["input_ids"], use_cache=False).logits[0, second:]
        sound = model(input_ids=row["input_ids"], position_ids=row["position_ids"], use_cache=False).logits[0, second:]
    assert (leaking - sound).abs().max() > 0.1


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_loss_equals_the_models_own_sample_by_sample(documents, small_model, attention):
    model = small_model()
    rows = PackedRows(documents, pack(np.array(documents["length"]), 200, method="none"))
    for i, document in enumerate(documents):
        ids = torch.tensor([document["input_ids"]])
        labels = torch.where(torch.tensor([document["learnt"]]), ids, -100)
        with torch.no_grad():
            model.set_attn_implementation("sdpa")
            expected = model(input_ids=ids, labels=labels).loss
            model.set_attn_implementation(choose_attention(attention))
            ours = negative_log_likelihood(model, rows[i, 1])
        assert ours / sum(document["learnt"]) == pytest.approx(expected.item(), abs=1e-5)


def test_loss_and_gradient_of_a_packed_row_are_the_sum_of_its_documents(documents, small_model):
    together, apart = small_model(), small_model()
    together.set_attn_implementation(choose_attention("sdpa"))
    loss = negative_log_likelihood(together, PackedRows(documents, one_row(documents))[0, 1])
    loss.backward()
    rows = PackedRows(documents, pack(np.array(documents["length"]), 200, method="none"))
    parts = [negative_log_likelihood(apart, rows[i, 1]) for i in range(len(documents))]
    torch.stack(parts).sum().backward()
    assert loss.item() == pytest.approx(sum(p.item() for p in parts), rel=1e-6)
    for ours, theirs in zip(together.parameters(), apart.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4)


def test_an_empty_row_has_no_loss_but_a_gradient_of_zeros(documents, small_model):
    model = small_model()
    row = PackedRows(documents, one_row(documents))[-1, 7]
    loss = negative_log_likelihood(model, row)
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())
