"""A few fixed prompts, answered at each validation, so that one sees a model learn to speak."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from transformers import PreTrainedTokenizerFast

from hypnos.tuning.tracking.wandb_logger import StageWandbLogger


class Answers(Callback):
    """Answers prompts greedily; keeps them in `answers.jsonl` beside the logs and shows them in the loggers."""

    def __init__(self, *, prompts: Sequence[str], max_new_tokens: int = 64) -> None:
        """Choose the prompts and the length of an answer."""
        self.prompts = list(prompts)
        self.max_new_tokens = max_new_tokens
        self.tokenizer: Path | None = None
        self.file: Path | None = None
        self._given: list[dict[str, Any]] = []

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Answer every prompt; the first rank keeps what was said."""
        shared = pl_module.device_mesh is not None  # every rank has a part of the weights, and answers with the others
        if not (trainer.is_global_zero or shared) or self.tokenizer is None or not self.prompts:
            return
        tokenizer = PreTrainedTokenizerFast.from_pretrained(self.tokenizer)
        with trainer.precision_plugin.forward_context():
            rows = self._answers(trainer, pl_module, tokenizer)
        if not trainer.is_global_zero:
            return
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        self._show(trainer, rows)

    def _answers(
        self, trainer: Trainer, pl_module: LightningModule, tokenizer: PreTrainedTokenizerFast
    ) -> list[dict[str, Any]]:
        return [
            {"step": trainer.global_step, "prompt": prompt, "answer": self._answer(pl_module, tokenizer, prompt)}
            for prompt in self.prompts
        ]

    @torch.no_grad()
    def _answer(self, pl_module: LightningModule, tokenizer: PreTrainedTokenizerFast, prompt: str) -> str:
        message = [{"role": "user", "content": prompt}]
        inputs = tokenizer.apply_chat_template(
            message, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(pl_module.device)
        given = inputs["input_ids"].shape[1]
        settings = {"max_new_tokens": self.max_new_tokens, "do_sample": False}
        settings["synced_gpus"] = pl_module.device_mesh is not None
        said = pl_module(lambda model: model.generate(**inputs, **settings))
        return str(tokenizer.decode(said[0, given:], skip_special_tokens=True))

    def _show(self, trainer: Trainer, rows: list[dict[str, Any]]) -> None:
        """A table of all answers so far where the newest table replaces the last; a text each where texts add up."""
        self._given += [row for row in rows if row not in self._given]
        for logger in trainer.loggers:
            if isinstance(logger, StageWandbLogger):
                values = [list(row.values()) for row in self._given]
                logger.log_table("answers", columns=list(rows[0]), data=values, step=trainer.global_step)
            elif isinstance(logger, TensorBoardLogger):
                for number, row in enumerate(rows, start=1):
                    text = f"**{row['prompt']}**\n\n{row['answer']}"
                    logger.experiment.add_text(f"answers/{number}", text, trainer.global_step)
