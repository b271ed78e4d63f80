"""New rows are the mean of the old rows that spelled each piece; tied and untied, padded and not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from hypnos.errors import UserError
from hypnos.vocabulary.embeddings import extend_embeddings, mean_rows


def tables(model: LlamaForCausalLM) -> tuple[torch.Tensor, torch.Tensor]:
    return model.get_input_embeddings().weight, model.get_output_embeddings().weight


def test_means_by_hand() -> None:
    rows = torch.tensor([[0.0, 2.0], [4.0, 6.0], [8.0, -2.0]])
    found = mean_rows(rows, [[0, 1], [2], [1, 1, 2, 0]])
    assert found.tolist() == [[2.0, 4.0], [8.0, -2.0], [4.0, 3.0]]


def test_halves_are_averaged_in_full_precision() -> None:
    # 1 + 2^-7 is the next bfloat16 above 1; summing 300 of them in bfloat16 would stall at 256.
    rows = torch.full((2, 3), 1 + 2**-7, dtype=torch.bfloat16)
    found = mean_rows(rows, [[0, 1] * 150])
    assert found.dtype == torch.bfloat16
    assert found.tolist() == [[1 + 2**-7] * 3]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("multiple", "rows"), [(None, 14), (1, 14), (8, 16), (7, 14)])
def test_rows_of_an_extended_model(
    tied: bool, multiple: int | None, rows: int, small_model: Callable[..., LlamaForCausalLM]
) -> None:
    model = small_model(12, tied=tied)
    before = [table.detach().clone() for table in tables(model)]
    extend_embeddings(model, [[3, 4], [5]], old=12, pad_to_multiple_of=multiple)
    embedding, head = tables(model)
    assert (head is embedding) == tied
    assert model.config.vocab_size == rows == len(embedding) == len(head)
    assert model.get_output_embeddings().out_features == rows
    for table, old in zip((embedding, head), before, strict=True):
        assert torch.equal(table[:12], old)
        torch.testing.assert_close(table[12], (old[3] + old[4]) / 2)
        torch.testing.assert_close(table[13], old[5])
        for padding in table[14:]:
            torch.testing.assert_close(padding, old.mean(0))
    assert embedding.requires_grad and head.requires_grad


@pytest.mark.parametrize("tied", [True, False])
def test_extended_rows_survive_the_disk(
    tied: bool, tmp_path: Path, small_model: Callable[..., LlamaForCausalLM]
) -> None:
    model = small_model(12, tied=tied)
    extend_embeddings(model, [[3, 4]] * 3, old=12, pad_to_multiple_of=16)
    model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    embedding, head = tables(again)
    assert again.config.vocab_size == 16 and again.config.tie_word_embeddings == tied
    assert (head is embedding) == tied
    for ours, theirs in zip(tables(model), (embedding, head), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("tied", [True, False])
def test_rows_that_the_base_kept_as_padding_are_used(tied: bool, small_model: Callable[..., LlamaForCausalLM]) -> None:
    model = small_model(16, tied=tied)
    extend_embeddings(model, [[3], [4]], old=12, pad_to_multiple_of=8)
    for table in tables(model):
        assert table.shape[0] == 16
        assert torch.equal(table[12], table[3]) and torch.equal(table[13], table[4])
        torch.testing.assert_close(table[15], table[:12].mean(0))


def test_padding_alone(small_model: Callable[..., LlamaForCausalLM]) -> None:
    model = small_model(12, tied=False)
    extend_embeddings(model, [], old=12, pad_to_multiple_of=8)
    assert model.config.vocab_size == 16


def test_a_tokenizer_larger_than_the_model_names_both_numbers(
    small_model: Callable[..., LlamaForCausalLM],
) -> None:
    with pytest.raises(UserError, match="tokenizer has 13 pieces but its model only 12 embedding rows"):
        extend_embeddings(small_model(12, tied=False), [[3]], old=13)
