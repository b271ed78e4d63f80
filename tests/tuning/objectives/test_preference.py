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


def test_orpo_has_the_odds_ratio_part_and_its_gradient_of_trl(small_model, pairs, tmp_path):
    pytest.importorskip("trl")
    row, examples = pairs
    ours, theirs = moved(small_model()), moved(small_model())
    odds_part = _parts_of_orpo(ours, row)[0] / 3
    odds_part.backward()

    trainer, batch = _orpo_trainer(theirs, tmp_path), _padded(examples)
    chosen, rejected, *_ = trainer.concatenated_forward(theirs, batch)
    losses, *_, log_odds = trainer.odds_ratio_loss(chosen, rejected)
    loss = -losses.mean()
    loss.backward()
    assert odds_part.item() == pytest.approx(loss.item(), abs=1e-5)
    assert measure(Orpo(beta=BETA), ours, row)["margin"].item() / 3 == pytest.approx(log_odds.item(), abs=1e-5)
    for (name, weight), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, other.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_orpo_learns_the_chosen_answers_tokens_as_the_models_own_loss_does_each_pair_alike(small_model, pairs):
    """The mean over each answer's tokens, then the mean over pairs: a short answer counts as much as a long one."""
    row, examples = pairs
    ours, theirs = moved(small_model()), moved(small_model())
    likelihood_part = _parts_of_orpo(ours, row)[1] / 3
    likelihood_part.backward()

    alone = [_padded([example]) for example in examples]
    losses = [theirs(one["chosen_input_ids"], labels=one["chosen_labels"]).loss for one in alone]
    loss = torch.stack(losses).mean()
    loss.backward()
    assert likelihood_part.item() == pytest.approx(loss.item(), abs=1e-5)
    for (name, weight), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(weight.grad, other.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_trl_learns_the_prompt_besides_and_averages_over_the_tokens_of_the_batch(small_model, pairs, tmp_path):
    """What `docs/preferences.md` says of the one difference: it lies in these labels and this mean, and nowhere else."""
    pytest.importorskip("trl")
    row, examples = pairs
    model = moved(small_model())
    batch = _padded(examples)
    everything = batch["chosen_input_ids"].masked_fill(batch["chosen_attention_mask"] == 0, -100)
    whole = model(batch["chosen_input_ids"], attention_mask=batch["chosen_attention_mask"], labels=everything).loss
    trainer = _orpo_trainer(model, tmp_path)
    loss, _ = trainer.get_batch_loss_metrics(model, batch)
    odds_part, likelihood_part = (part.item() / 3 for part in _parts_of_orpo(model, row))
    assert loss.item() == pytest.approx(whole.item() + odds_part, abs=1e-5)
    assert abs(whole.item() - likelihood_part) > 0.01, "these pairs show no difference"


def _parts_of_orpo(model, row) -> tuple[torch.Tensor, torch.Tensor]:
    """The part of the loss that `beta` weighs, and the other one, each summed over pairs."""
    once, twice = (measure(Orpo(beta=times * BETA), model, row)["loss"] for times in (1, 2))
    return twice - once, 2 * once - twice


def _orpo_trainer(model, folder):
    from datasets import Dataset
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    arguments = ORPOConfig(str(folder), beta=BETA, report_to=[], use_cpu=True, max_length=64, bf16=False)
    arguments.gradient_checkpointing = False
    rows = Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}])
    model.train()
    return ORPOTrainer(model, args=arguments, train_dataset=rows, processing_class=_words())


def _padded(examples) -> dict[str, torch.Tensor]:
    """Both sides as TRL's ORPOTrainer wants them: prompts without labels, and padding behind."""
    batch = {}
    for side in ("chosen", "rejected"):
        longest = max(len(example["prompt_ids"] + example[f"{side}_ids"]) for example in examples)
        columns: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
        for example in examples:
            prompt, answer = example["prompt_ids"], example[f"{side}_ids"]
            padding = [0] * (longest - len(prompt + answer))
            columns["input_ids"].append(prompt + answer + padding)
            columns["attention_mask"].append([1] * len(prompt + answer) + padding)
            columns["labels"].append([-100] * len(prompt) + answer + [-100] * len(padding))
        batch |= {f"{side}_{name}": torch.tensor(column) for name, column in columns.items()}
    return batch


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
