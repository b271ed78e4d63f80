import pytest
import torch

from hypnos.benchmark.inference.likelihood import (
    LikelihoodRequest,
    compute_log_likelihoods,
)


def test_letters_need_one_pass_and_scores_at_the_last_token_alone(model, monkeypatch, likelihood_alone):
    requests = [LikelihoodRequest((5, 6, 7), ((8,), (9,))), LikelihoodRequest((5, 6), ((8,), (9,)))]
    read, scored = [], []
    layers, linear = type(model.model), torch.nn.functional.linear
    forward = layers.forward
    monkeypatch.setattr(layers, "forward", lambda self, **k: read.append(k["input_ids"].shape) or forward(self, **k))

    def counted(x, weight, bias=None):
        if len(weight) == 1500:  # the vocabulary
            scored.append(tuple(x.shape[:-1]))
        return linear(x, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    found = compute_log_likelihoods(model, requests, tokens=1000)
    monkeypatch.undo()
    assert read[-1] == (2, 3) and scored[-1] == (2,)
    assert found[1] == pytest.approx(
        [likelihood_alone(model, (5, 6), (8,)), likelihood_alone(model, (5, 6), (9,))], abs=1e-5
    )


def test_a_model_that_does_more_with_its_scores_is_used_whole(model, monkeypatch, likelihood_alone):
    requests = [LikelihoodRequest((5, 6, 7), ((8, 3), (9,))), LikelihoodRequest((5, 6), ((8,), (9, 4)))]
    plain = compute_log_likelihoods(model, requests, tokens=1000)
    whole = type(model).forward

    def capped(self, *args, **kwargs):
        found = whole(self, *args, **kwargs)
        found.logits = torch.tanh(found.logits / 5) * 5
        return found

    monkeypatch.setattr(type(model), "forward", capped)
    found = compute_log_likelihoods(model, requests, tokens=1000)
    for number, one in enumerate(requests):
        expected = [likelihood_alone(model, one.prompt, ids) for ids in one.continuations]
        assert found[number] == pytest.approx(expected, abs=1e-4)
        assert found[number] != pytest.approx(plain[number], abs=1e-2)
