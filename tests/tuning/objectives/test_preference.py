import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from hypnos.tuning.objectives.preference import Dpo, Orpo
from hypnos.tuning.objectives.reference import Reference

BETA = 0.3


@pytest.fixture
def pairs(small_model):
    """A row of three pairs, each with a prompt of its own, and the same sequences as TRL's trainers want them."""
    torch.manual_seed(1)
    examples = []
    for prompt, chosen, rejected in ((4, 5, 3), (6, 2, 7), (3, 4, 4)):
        sizes = {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}
        examples.append({name: torch.randint(3, 1500, (size,)).tolist() for name, size in sizes.items()})
    ids: list[int] = []
    positions: list[int] = []
    kept: list[int] = []
    ends = [0]
    for example in examples:
        for side in ("chosen_ids", "rejected_ids"):
            sequence = example["prompt_ids"] + example[side]
            kept += range(len(ids) + len(example["prompt_ids"]), len(ids) + len(sequence))
            ids += sequence
            positions += range(len(sequence))
            ends.append(len(ids))
    places = torch.tensor(kept)
    row = {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "labels": torch.tensor(ids)[places],
        "logits_to_keep": places - 1,
        "cu_seqlens": torch.tensor(ends, dtype=torch.int32),
        "max_seqlen": max(np.diff(ends)),
        "documents": torch.arange(6),
        "pair_characters": torch.tensor([[5, 3], [2, 7], [4, 4]]),
        "pairs_counted": torch.tensor(1),
    }
    return row, examples


def measure(objective, model, row, **settings):
    from hypnos.tuning.compute.attention import choose_attention

    model.set_attn_implementation(choose_attention("auto"))
    return objective.measure(lambda call: call(model), row, held_out=False, **settings)


def reference_of(model, examples) -> Reference:
    values = []
    for example in examples:
        for side in ("chosen_ids", "rejected_ids"):
            ids = torch.tensor([example["prompt_ids"] + example[side]])
            logits = model(ids).logits[0, len(example["prompt_ids"]) - 1 : -1]
            values.append(logits.log_softmax(-1).gather(1, torch.tensor(example[side])[:, None]).sum().item())
    return Reference(torch.tensor(values, dtype=torch.float64), torch.zeros(6))


def moved(model):
    """Other weights than the reference's, so that margins are not 0."""
    torch.manual_seed(7)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.02 * torch.randn_like(weight)
    return model


def test_dpo_has_the_loss_and_the_gradient_of_trl(small_model, pairs, tmp_path):
    trl = pytest.importorskip("trl")
    from datasets import Dataset

    row, examples = pairs
    reference = small_model()
    ours, theirs = moved(small_model()), moved(small_model())
    objective = Dpo(beta=BETA)
    objective.reference = reference_of(reference, examples)
    sums = measure(objective, ours, row)
    (sums["loss"] / 3).backward()

    arguments = trl.DPOConfig(str(tmp_path), beta=BETA, report_to=[], use_cpu=True, max_length=None, bf16=False)
    arguments.gradient_checkpointing = False
    rows = Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}])

    trainer = trl.DPOTrainer(theirs, ref_model=reference, args=arguments, train_dataset=rows, processing_class=_words())
    theirs.train()
    loss = trainer.compute_loss(theirs, trl.trainer.dpo_trainer.DataCollatorForPreference(pad_token_id=0)(examples))
    loss.backward()
    assert sums["loss"].item() / 3 == pytest.approx(loss.item(), abs=1e-5)
    for (name, weight), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, other.grad, atol=1e-5, rtol=1e-4, msg=name)


def _words():
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<pad>": 0, "a": 1, "b": 2, "c": 3}, unk_token="<pad>"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="c")


def test_at_the_reference_a_pair_costs_ln_2_and_nothing_is_preferred(small_model, pairs):
    row, examples = pairs
    objective = Dpo(beta=BETA)
    objective.reference = reference_of(small_model(), examples)
    sums = {name: value.item() for name, value in measure(objective, small_model(), row).items()}
    measures = objective.summarise(sums)
    assert measures["loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert measures["margin"] == pytest.approx(0, abs=1e-5)
    assert measures["longer_accuracy"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert measures["chosen_length"] == pytest.approx(11 / 3)
    assert measures["rejected_reward"] == pytest.approx(0, abs=1e-5)


def test_the_chosen_answers_loss_can_be_added(small_model, pairs):
    row, examples = pairs
    plain, anchored = Dpo(beta=BETA), Dpo(beta=BETA, sft_weight=0.5)
    plain.reference = anchored.reference = reference_of(small_model(), examples)
    model = moved(small_model())
    lengths = torch.tensor([5, 2, 4])
    values = reference_of(model, examples).train.view(-1, 2)[:, 0]
    added = measure(anchored, model, row)["loss"] - measure(plain, model, row)["loss"]
    assert added.item() == pytest.approx(-0.5 * (values / lengths).sum().item(), abs=1e-4)


def test_orpo_is_the_papers_formula(small_model, pairs):
    row, examples = pairs
    model = moved(small_model())
    sums = measure(Orpo(beta=BETA), model, row)
    means = reference_of(model, examples).train.view(-1, 2) / torch.tensor([[5, 3], [2, 7], [4, 4]])
    odds = means.exp() / (1 - means.exp())
    losses = -means[:, 0] - BETA * functional.logsigmoid(torch.log(odds[:, 0] / odds[:, 1]))
    assert sums["loss"].item() == pytest.approx(losses.sum().item(), abs=1e-4)
    assert sums["preferred"].item() == (odds[:, 0] > odds[:, 1]).sum().item()


@pytest.mark.parametrize("nats", [[[0.0, -3.0]], [[-3.0, 0.0]], [[0.0, 0.0]]])
def test_an_answer_that_the_model_is_certain_of_leaves_finite_gradients(nats):
    likelihoods = torch.tensor(nats, requires_grad=True)
    losses, margins, _ = Orpo(beta=BETA).compare({}, likelihoods, torch.tensor([[2, 2]]), held_out=False)
    losses.sum().backward()
    assert losses.isfinite().all() and margins.isfinite().all() and likelihoods.grad.isfinite().all()
    assert torch.sign(margins).tolist() == [math.copysign(1, a - b) if a != b else 0.0 for a, b in nats]


@pytest.mark.parametrize("objective", [Dpo(beta=BETA), Orpo(beta=BETA)])
def test_a_row_that_is_not_counted_adds_nothing(small_model, pairs, objective):
    row, examples = pairs
    objective.reference = reference_of(small_model(), examples)
    model = moved(small_model())
    sums = measure(objective, model, row | {"pairs_counted": torch.tensor(0)})
    sums["loss"].backward()
    assert all(value.item() == 0 for value in sums.values())
    assert all(weight.grad is None or not weight.grad.any() for weight in model.parameters())
