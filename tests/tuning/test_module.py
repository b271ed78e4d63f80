import math
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader

from hypnos.errors import UserError
from hypnos.tuning.compute.neftune import Neftune
from hypnos.tuning.handoff import probe_logits


def rows(count: int, seed: int = 0) -> list[dict[str, torch.Tensor]]:
    """Rows of one document each, of unequal length and unequal number of labels."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for i in range(count):
        length = 8 + 5 * i
        ids = torch.randint(3, 1500, (length,), generator=generator)
        kept = torch.arange(length // 2, length)
        made.append(
            {
                "input_ids": ids[None],
                "position_ids": torch.arange(length)[None],
                "cu_seqlens": torch.tensor([0, length]),
                "max_seqlen": length,
                "labels": ids[kept],
                "logits_to_keep": kept - 1,
                "characters": torch.tensor(len(kept)),
            }
        )
    return made


class Rows(LightningDataModule):
    def __init__(self, steps: list[list[dict[str, torch.Tensor]]]) -> None:
        super().__init__()
        self.batches = []
        for step in steps:
            tokens = torch.tensor(sum(len(row["labels"]) for row in step))
            self.batches += [{**row, "step_tokens": tokens} for row in step]

    def train_dataloader(self):
        return DataLoader(self.batches, batch_size=None)


def fit(module, steps, tmp_path: Path, **settings):
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        gradient_clip_val=0.0,
        accumulate_grad_batches=max(map(len, steps)),
        default_root_dir=str(tmp_path),
        **settings,
    )
    trainer.fit(module, datamodule=Rows(steps))
    return trainer


def test_accumulated_step_equals_one_big_batch(full, small_directory, tmp_path):
    """Unequal micro-batches: averaging each by itself would weigh a short answer's tokens more."""
    batch = rows(4)
    module = full(optimizer=torch.optim.SGD, lr=1e-2)
    module.load(small_directory())
    before = {n: p.detach().clone() for n, p in module.model.named_parameters()}
    trainer = fit(module, [batch], tmp_path)
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


def test_the_short_last_step_of_an_epoch_weighs_its_tokens_fully(full, small_directory, tmp_path):
    first, last = rows(4), rows(1, seed=1)
    module = full(optimizer=torch.optim.SGD, lr=1e-3)
    module.load(small_directory())
    trainer = fit(module, [first, last], tmp_path)
    assert trainer.global_step == 2
    again = full(optimizer=torch.optim.SGD, lr=1e-3)
    again.load(tmp_path / "base")
    fit(again, [first], tmp_path)
    for p in again.model.parameters():
        p.grad = None
    from hypnos.tuning.compute.loss import negative_log_likelihood

    again.model.train()
    (negative_log_likelihood(again.model, last[0]) / len(last[0]["labels"])).backward()
    rate = 1e-3 * 0.5 * (1 + math.cos(math.pi * 1 / 2))  # step 2 of 2 on the cosine, without warm-up
    for ours, theirs in zip(module.model.parameters(), again.model.parameters(), strict=True):
        # the oracle's first step ran at the peak, as ours did
        torch.testing.assert_close(ours.detach(), theirs.detach() - rate * theirs.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", [{}, {"use_rslora": True}, {"use_dora": True}, {"train_embeddings": False}])
def test_merging_an_adapter_changes_no_answer(lora, small_directory, tmp_path, tied, kind):
    module = lora(**kind)
    module.load(small_directory(tied=tied))
    fit(module, [rows(2), rows(2, seed=2)], tmp_path)
    module.eval()
    before = probe_logits(module.model, 1500)
    plain = type(module.model.get_base_model()).from_pretrained(tmp_path / "base")
    assert (before - probe_logits(plain, 1500)).abs().max() > 1e-3
    merged = module.merge()
    torch.testing.assert_close(probe_logits(merged, 1500), before, atol=2e-5, rtol=1e-5)
    assert (merged.lm_head.weight is merged.model.embed_tokens.weight) == tied
    assert merged.config.tie_word_embeddings == tied
    changed = not torch.equal(merged.model.embed_tokens.weight, plain.model.embed_tokens.weight)
    assert changed == kind.get("train_embeddings", True)


def test_an_adapters_checkpoint_holds_what_is_trained_alone(lora, small_directory):
    module = lora(train_embeddings=False)
    module.load(small_directory())
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    assert checkpoint["state_dict"].keys() == {n for n, p in module.named_parameters() if p.requires_grad}
    assert all("lora_" in name for name in checkpoint["state_dict"])


def test_unknown_target_modules_are_named(lora, small_directory):
    module = lora(target_modules=["no_such_layer"])
    with pytest.raises(UserError, match="no_such_layer"):
        module.load(small_directory())


def test_a_learning_rate_of_zero_is_refused(full):
    with pytest.raises(UserError, match=r"tuning\.lr 0"):
        full(lr=0)


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_activation_checkpointing_changes_no_gradient(request, small_directory, kind):
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


def test_neftune_noise_follows_each_documents_length_and_stops_outside_training():
    embedding = torch.nn.Embedding(10, 64)
    noise = Neftune(embedding, alpha=5.0)
    noise.set_documents(torch.tensor([0, 4, 404]), tokens=404)
    ids = torch.zeros(1, 404, dtype=torch.long)
    clean = embedding.weight[0]
    difference = (embedding(ids) - clean).abs()[0]
    assert difference[:4].max() <= 5 / math.sqrt(4 * 64)
    assert difference[:4].max() > 0.8 * 5 / math.sqrt(4 * 64)
    assert difference[4:].max() <= 5 / math.sqrt(400 * 64)
    embedding.eval()
    assert torch.equal(embedding(ids), clean.expand(1, 404, 64))


def test_noise_reaches_the_embeddings_that_lora_trains(lora, small_directory):
    module = lora(neftune_alpha=5.0)
    module.load(small_directory())
    row = rows(1)[0]
    module._noise.set_documents(row["cu_seqlens"], tokens=row["max_seqlen"])
    embed = module.model.get_input_embeddings()
    assert not torch.equal(embed(row["input_ids"]), embed(row["input_ids"]))
