"""What only a GPU shows: the kernel for packed rows, steps that wait for nothing, a base in four bits."""

from functools import partial
from importlib.util import find_spec
from typing import Any

import pytest
import torch
from lightning_fabric.utilities import move_data_to_device
from pytorch_lightning import Callback, LightningDataModule, Trainer
from torch.utils.data import DataLoader

from hypnos.tuning.compute.attention import choose_attention
from hypnos.tuning.compute.loss import Batch, document_nats, negative_log_likelihood

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")

LENGTHS = (5, 130, 1, 47, 300)


def packed(*lengths: int, step_tokens: int | None = None) -> Batch:
    """Documents of random pieces in one row, all but their first tokens in the loss."""
    ids = torch.randint(3, 1500, (sum(lengths),), generator=torch.Generator().manual_seed(sum(lengths)))
    positions = torch.cat([torch.arange(length) for length in lengths])
    kept = (positions > 0).nonzero()[:, 0]
    return {
        "input_ids": ids[None],
        "position_ids": positions[None],
        "labels": ids[kept],
        "logits_to_keep": kept - 1,
        "cu_seqlens": torch.tensor([0, *lengths]).cumsum(0).int(),
        "max_seqlen": max(lengths),
        "characters": torch.tensor(len(kept)),
        "step_tokens": torch.tensor(len(kept) if step_tokens is None else step_tokens),
    }


def on_gpu(row: Batch) -> Batch:
    return move_data_to_device(row, torch.device("cuda"))


def gradients(model: Any) -> torch.Tensor:
    return torch.cat([p.grad.flatten().float().cpu() for p in model.parameters()])


def off(found: torch.Tensor, exact: torch.Tensor) -> float:
    return float((found - exact).norm() / exact.norm())


@pytest.fixture
def exact(small_model):
    """Loss and gradients of a row in float64 on the CPU."""
    model = small_model().double()
    model.set_attn_implementation("sdpa")
    loss = negative_log_likelihood(model, packed(*LENGTHS))
    loss.backward()
    return loss.item(), gradients(model)


@pytest.mark.parametrize("attention", ["auto", "sdpa"])
def test_in_float32_loss_and_gradients_are_those_of_the_cpu(small_model, exact, attention):
    model = small_model().cuda()
    model.set_attn_implementation(choose_attention(attention))
    loss = negative_log_likelihood(model, on_gpu(packed(*LENGTHS)))
    loss.backward()
    assert loss.item() == pytest.approx(exact[0], rel=1e-5)
    assert off(gradients(model), exact[1]) < 1e-5


@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_in_half_precision_the_kernel_errs_no_more_than_attention_under_a_mask(small_model, exact, weights):
    errors = {}
    for attention in ("auto", "sdpa"):
        model = small_model().to("cuda", weights)
        model.set_attn_implementation(choose_attention(attention))
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = negative_log_likelihood(model, on_gpu(packed(*LENGTHS)))
        loss.backward()
        assert loss.item() == pytest.approx(exact[0], rel=5e-3)
        errors[attention] = off(gradients(model), exact[1])
    assert errors["auto"] < 0.05
    assert errors["auto"] < 1.2 * errors["sdpa"]


def test_in_half_precision_a_packed_document_has_the_likelihood_it_has_alone(small_model):
    model = small_model().to("cuda", torch.bfloat16)
    model.set_attn_implementation(choose_attention("auto"))
    row = packed(*LENGTHS)
    together = document_nats(model, on_gpu(row))
    start = 0
    for number, length in enumerate(LENGTHS):
        alone = packed(length)
        alone["input_ids"] = row["input_ids"][:, start : start + length]
        alone["labels"] = alone["input_ids"][0, 1:]
        start += length
        assert together[number].item() == pytest.approx(document_nats(model, on_gpu(alone)).item(), rel=2e-3, abs=1e-6)


class Rows(LightningDataModule):
    def train_dataloader(self) -> DataLoader:
        rows = [packed(20, 40, 3 + i, step_tokens=100) for i in range(8)]
        return DataLoader(rows, batch_size=None, pin_memory=True)  # type: ignore[arg-type]


class NeverWait(Callback):
    """Any wait for the GPU between a row's arrival and the end of the optimizer's step is an error."""

    def __init__(self) -> None:
        self.watched = 0

    def on_train_batch_start(self, trainer: Trainer, *args: Any) -> None:
        if trainer.global_step >= 1:  # the first step makes the optimizer's state
            self.watched += 1
            torch.cuda.set_sync_debug_mode("error")

    def on_train_batch_end(self, *args: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")

    def on_exception(self, *args: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("kind", ["full", "lora"])
@pytest.mark.parametrize("recomputed", [False, True])
def test_a_step_waits_for_nothing(kind, recomputed, full, lora, small_directory, tmp_path):
    settings: dict[str, Any] = {"neftune_alpha": 5.0, "activation_checkpointing": recomputed}
    module = full(**settings) if kind == "full" else lora(lora_dropout=0.1, **settings)
    module.load(small_directory())
    watch = NeverWait()
    trainer = Trainer(
        accelerator="gpu",
        devices=1,
        precision="bf16-mixed",
        max_epochs=1,
        accumulate_grad_batches=2,
        gradient_clip_val=1.0,
        callbacks=[watch],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(tmp_path),
    )
    trainer.fit(module, datamodule=Rows())
    assert watch.watched == 6


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="needs bitsandbytes")
def test_an_adapter_learns_on_four_bits_and_lands_on_the_whole_base(lora, small_directory, small_model):
    directory = small_directory()
    module = lora(quantization="nf4", dtype="bfloat16")
    module.load(directory)
    layer = module.model.get_base_model().model.layers[0].mlp.up_proj.base_layer
    assert layer.weight.dtype == torch.uint8 and layer.weight.numel() == 64 * 32 // 2
    row = on_gpu(packed(*LENGTHS))
    optimizer = torch.optim.AdamW([p for p in module.model.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(8):
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = module(partial(negative_log_likelihood, batch=row))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    module.settle(directory)
    base = module.model.get_base_model().model.layers[0].mlp.up_proj.base_layer
    assert torch.equal(base.weight.cpu(), small_model().model.layers[0].mlp.up_proj.weight.bfloat16())
    module.model.cuda()
    with torch.autocast("cuda", dtype=torch.bfloat16):  # embeddings and head are kept in float32
        adapted = document_nats(module.model.get_base_model(), row).sum().item()
        merged = document_nats(module.merge(), row).sum().item()
    assert merged == pytest.approx(adapted, rel=5e-3)
    assert merged < 0.9 * losses[0]  # what was learnt on four bits holds on the whole base
