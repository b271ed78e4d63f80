"""transformers' Trainer with length grouping, batches of 8."""

import sys
import tempfile

import torch
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainingArguments

from bench.peers.work import BATCH, LAYERS, LORA, LR, make_model, make_pairs, measure


def collate(pairs: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    width = max(len(pair["input_ids"]) for pair in pairs)
    ids = torch.zeros(len(pairs), width, dtype=torch.long)
    labels = torch.full((len(pairs), width), -100)
    mask = torch.zeros(len(pairs), width, dtype=torch.long)
    for i, pair in enumerate(pairs):
        length = len(pair["input_ids"])
        ids[i, :length] = torch.tensor(pair["input_ids"])
        labels[i, :length] = torch.tensor(pair["labels"])
        mask[i, :length] = 1
    return {"input_ids": ids, "labels": labels, "attention_mask": mask}


def main(kind: str, precision: str) -> None:
    torch.set_num_threads(1)
    pairs = make_pairs()
    model = make_model()
    if kind == "lora":
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", target_modules=LAYERS, **LORA))
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            train_sampling_strategy="group_by_length",
            num_train_epochs=1,
            learning_rate=LR,
            lr_scheduler_type="constant",
            optim="adamw_torch_fused",
            bf16=precision == "bf16",
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(model=model, args=settings, train_dataset=pairs, data_collator=collate)
        measure(trainer.train, sum(len(pair["input_ids"]) for pair in pairs))


if __name__ == "__main__":
    main(*sys.argv[1:])
