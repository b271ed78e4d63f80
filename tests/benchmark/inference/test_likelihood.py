import pytest
import torch
from transformers import AutoTokenizer

from hypnos.benchmark.inference.likelihood import (
    LikelihoodRequest,
    compute_log_likelihoods,
    encode,
    keeps_branches_apart,
)
from hypnos.benchmark.inference.output_head import OutputHead
from hypnos.errors import UserError


def plain(tokenizer):
    return lambda texts: tokenizer(list(texts), add_special_tokens=False)["input_ids"]


def test_likelihoods_are_those_of_each_continuation_alone(model, likelihood_alone):
    torch.manual_seed(3)
    draw = lambda n: tuple(torch.randint(3, 1500, (n,)).tolist())  # noqa: E731
    requests = [
        LikelihoodRequest(draw(length), tuple(draw(n) for n in lengths))
        for length, lengths in [(1, (1, 3)), (9, (2, 2, 7)), (30, (1,)), (4, (5, 1, 1, 12)), (31, (2, 9)), (9, (1, 1))]
    ]
    for tokens in (20, 50, 10_000):
        found = compute_log_likelihoods(model, requests, tokens=tokens)
        for number, one in enumerate(requests):
            expected = [likelihood_alone(model, one.prompt, ids) for ids in one.continuations]
            assert found[number] == pytest.approx(expected, abs=1e-4)


def test_what_all_prompts_share_is_read_once(model, monkeypatch, likelihood_alone):
    shared = tuple(range(10, 40))
    requests = [
        LikelihoodRequest((*shared, *own), ((8,), (9, 10))) for own in ((50,), (51, 52, 53), (51, 52, 54, 55), (60, 61))
    ]
    read = []
    layers = type(model.model)
    forward = layers.forward
    monkeypatch.setattr(
        layers, "forward", lambda self, **k: read.append(tuple(k["input_ids"].shape)) or forward(self, **k)
    )
    found = compute_log_likelihoods(model, requests, tokens=1000)
    monkeypatch.undo()
    # After the trials: what is shared, then each prompt's own tokens with the first of (9, 10) behind them.
    assert read[-2:] == [(1, 30), (4, 5)]
    for number, one in enumerate(requests):
        expected = [likelihood_alone(model, one.prompt, ids) for ids in one.continuations]
        assert found[number] == pytest.approx(expected, abs=1e-4)


def test_a_model_that_mixes_branches_reads_each_alone(model, monkeypatch, likelihood_alone):
    requests = [LikelihoodRequest((5, 6, 7), ((8, 3, 4), (9,), (4, 5))), LikelihoodRequest((5, 6), ((8,), (9, 4)))]
    whole = type(model.model).forward

    def by_its_own_count(self, *args, **kwargs):
        kwargs.pop("position_ids", None)
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(type(model.model), "forward", by_its_own_count)
    assert not keeps_branches_apart(OutputHead(model))
    found = compute_log_likelihoods(model, requests, tokens=1000)
    monkeypatch.undo()
    assert keeps_branches_apart(OutputHead(model))
    for number, one in enumerate(requests):
        expected = [likelihood_alone(model, one.prompt, ids) for ids in one.continuations]
        assert found[number] == pytest.approx(expected, abs=1e-4)


def test_a_continuation_is_encoded_as_it_stands_after_its_prompt(directory):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    (one,) = encode(plain(tokenizer), ["<s>The answer is "], [("yes", "the one")])
    whole = [
        tokenizer(f"<s>The answer is {text}", add_special_tokens=False)["input_ids"] for text in ("yes", "the one")
    ]
    assert [[*one.prompt, *ids] for ids in one.continuations] == whole
    assert one.prompt == tuple(tokenizer("<s>The answer is", add_special_tokens=False)["input_ids"])
    with pytest.raises(UserError, match=r"^'' adds no token to the prompt"):
        encode(plain(tokenizer), ["<s>The answer is"], [("yes", "")])
    (lines,) = encode(plain(tokenizer), ["<s>问：\n选？\n答：\n"], [("A", "B")])
    assert [len(ids) for ids in lines.continuations] == [1, 1]
