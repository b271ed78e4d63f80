"""TRL's SFTTrainer with best-fit-decreasing packing, one row of 1,024 tokens a step."""

import sys
import tempfile

import torch
from datasets import Dataset
from peft import LoraConfig
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from bench.peers.work import LAYERS, LENGTH, LORA, LR, make_model, make_pairs, measure


def main(kind: str, precision: str) -> None:
    torch.set_num_threads(1)
    pairs = make_pairs()
    rows = [
        {"input_ids": pair["input_ids"], "completion_mask": [int(label >= 0) for label in pair["labels"]]}
        for pair in pairs
    ]
    # It asks for a tokenizer even where the text is pieces already.
    words = Tokenizer(models.WordLevel({"<pad>": 0, "<s>": 1, "</s>": 2}, unk_token="<pad>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>")
    with tempfile.TemporaryDirectory() as folder:
        settings = SFTConfig(
            output_dir=folder,
            per_device_train_batch_size=1,
            packing=True,
            packing_strategy="bfd",
            max_length=LENGTH,
            completion_only_loss=True,
            num_train_epochs=1,
            learning_rate=LR,
            lr_scheduler_type="constant",
            optim="adamw_torch_fused",
            activation_checkpointing=False,
            bf16=precision == "bf16",
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        )
        trainer = SFTTrainer(
            model=make_model(),
            args=settings,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            peft_config=LoraConfig(task_type="CAUSAL_LM", target_modules=LAYERS, **LORA) if kind == "lora" else None,
        )
        measure(trainer.train, sum(len(pair["input_ids"]) for pair in pairs))


if __name__ == "__main__":
    main(*sys.argv[1:])
