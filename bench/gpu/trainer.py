"""transformers' Trainer with length grouping and attention under a padding mask."""

import sys
import tempfile
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainerCallback, TrainingArguments

from bench.gpu.work import ADAPTERS, PAIRS_PER_STEP, ROWS_PER_STEP, WARM, WHOLE, Clock, make_model, pairs
from bench.peers.trainer import collate
from bench.peers.work import LR


class Timed(TrainerCallback):
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        if state.global_step == WARM:
            self.clock.start()

    def on_train_end(self, *args: Any, **more: Any) -> None:
        self.clock.stop()


def main(kind: str, how: str) -> None:
    model: Any = make_model(torch.float32 if kind == "full32" else torch.bfloat16, "sdpa")
    if kind == "lora":
        model.enable_input_require_grads()
        model = get_peft_model(model, LoraConfig(modules_to_save=WHOLE, **ADAPTERS))
    clock = Clock()

    def count(some: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        clock.tokens += sum(len(pair["input_ids"]) for pair in some)
        return collate(some)

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=PAIRS_PER_STEP // ROWS_PER_STEP,
            gradient_accumulation_steps=ROWS_PER_STEP,
            train_sampling_strategy="group_by_length",
            num_train_epochs=1,
            learning_rate=LR,
            lr_scheduler_type="constant",
            optim="adamw_torch_fused",
            bf16=True,
            gradient_checkpointing=how == "recomputed",
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        train: Any = pairs()
        Trainer(model=model, args=settings, train_dataset=train, data_collator=count, callbacks=[Timed(clock)]).train()
        clock.report()


if __name__ == "__main__":
    main(*sys.argv[1:])
