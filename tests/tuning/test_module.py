import json
import math

import pytest
import torch

from hypnos.errors import UserError


def test_accumulated_step_equals_one_big_batch(full, small_directory, tmp_path, rows, fit):
    """Unequal micro-batches: averaging each by itself would weigh a short answer's tokens more."""
    batch = rows(4)
    module = full(optimizer=torch.optim.SGD, lr=1e-2)
    module.load(small_directory())
    before = {n: p.detach().clone() for n, p in module.model.named_parameters()}
    trainer = fit(module, [batch])
    oracle = full(optimizer=torch.optim.SGD, lr=1e-2)
    oracle.load(tmp_path / "base")
    width = max(row["input_ids"].shape[1] for row in batch)
    ids = torch.zeros(4, width, dtype=torch.long)
    labels = torch.full((4, width), -100)
    mask = torch.zeros(4, width, dtype=torch.long)
    for i, row in enumerate(batch):
        length = row["input_ids"].shape[1]
        ids[i, :length], mask[i, :length] = row["input_ids"], 1
        labels[i, row["logits_to_keep"] + 1] = row["labels"]
    oracle.model.set_attn_implementation("sdpa")
    loss = oracle.model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(loss.item(), abs=1e-5)
    for name, parameter in module.model.named_parameters():
        expected = before[name] - 1e-2 * oracle.model.get_parameter(name).grad
        torch.testing.assert_close(parameter.detach(), expected, atol=1e-5, rtol=1e-5)


def test_the_short_last_step_of_an_epoch_weighs_its_tokens_fully(full, small_directory, tmp_path, rows, fit):
    first, last = rows(4), rows(1, seed=1)
    module = full(optimizer=torch.optim.SGD, lr=1e-3)
    module.load(small_directory())
    trainer = fit(module, [first, last])
    assert trainer.global_step == 2
    again = full(optimizer=torch.optim.SGD, lr=1e-3)
    again.load(tmp_path / "base")
    fit(again, [first])
    for p in again.model.parameters():
        p.grad = None
    from hypnos.tuning.compute.loss import negative_log_likelihood

    again.model.train()
    (negative_log_likelihood(again.model, last[0]) / len(last[0]["labels"])).backward()
    rate = 1e-3 * 0.5 * (1 + math.cos(math.pi * 1 / 2))  # step 2 of 2 on the cosine, without warm-up
    for ours, theirs in zip(module.model.parameters(), again.model.parameters(), strict=True):
        # the oracle's first step ran at the peak, as ours did
        torch.testing.assert_close(ours.detach(), theirs.detach() - rate * theirs.grad, atol=1e-6, rtol=1e-4)


def test_a_learning_rate_of_zero_is_refused(full):
    with pytest.raises(UserError, match=r"tuning\.lr 0"):
        full(lr=0)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", ["lora", "full"])
def test_a_token_that_pads_too_is_learnt_as_an_input(request, small_directory, kind, tied, rows):
    """A base without a padding token pads with EOS, which stands between the turns of a conversation."""
    from transformers import AutoModelForCausalLM

    from hypnos.tuning.compute.loss import negative_log_likelihood

    directory = small_directory(tied=tied)
    config = json.loads((directory / "config.json").read_text("utf-8"))
    (batch,) = rows(1)
    token = int(batch["input_ids"][0, 0])
    gradients = []
    for pad in (None, token):
        (directory / "config.json").write_text(json.dumps(config | {"pad_token_id": pad}), "utf-8")
        torch.manual_seed(0)
        module = request.getfixturevalue(kind)()
        module.load(directory)
        negative_log_likelihood(module.model, batch).backward()
        gradients.append(module.model.get_input_embeddings().weight.grad[token])
    assert AutoModelForCausalLM.from_pretrained(directory).get_input_embeddings().padding_idx == token
    assert gradients[0].abs().max() > 1e-6
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_activation_checkpointing_changes_no_gradient(request, small_directory, kind, rows):
    make = request.getfixturevalue(kind)
    directory = small_directory()
    from hypnos.tuning.compute.loss import negative_log_likelihood

    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        module = make(activation_checkpointing=checkpointing)
        module.load(directory)
        negative_log_likelihood(module.model, rows(1)[0]).backward()
        gradients.append([p.grad for p in module.model.parameters() if p.requires_grad])
    assert len(gradients[0]) > 4
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)
