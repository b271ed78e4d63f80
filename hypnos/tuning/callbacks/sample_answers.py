"""Answers a few fixed prompts at each validation, so that one sees a model learn to speak."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from transformers import PreTrainedTokenizerFast

from hypnos.artefacts.ranges import Count
from hypnos.special_tokens import greedy_settings
from hypnos.tuning.job import StageJob
from hypnos.tuning.tracking.stage_board import StageBoard


class Answers(Callback):
    """Answers prompts greedily; keeps them in `answers-<stage>.jsonl` beside the logs and shows them in the loggers."""

    def __init__(self, *, prompts: Sequence[str], max_new_tokens: Count = 64) -> None:
        """Choose the prompts and the length of an answer."""
        self.prompts = list(prompts)
        self.max_new_tokens = max_new_tokens
        self.tokenizer: Path | None = None
        self.file: Path | None = None
        self._answered: list[dict[str, Any]] = []

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Read from a `Tuning` its stage's tokenizer, and where answers are kept; without a stage none is given."""
        job: StageJob | None = pl_module.job
        if job is not None:
            self.tokenizer, self.file = job.tokenizer, job.output / f"answers-{job.name}.jsonl"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave out answers of an earlier start that this one comes to again."""
        if not trainer.is_global_zero or self.file is None or not self.file.is_file():
            return
        lines = self.file.read_bytes().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]  # the last one is cut where a run was killed
        kept = [line for line in whole if 0 < json.loads(line)["step"] <= trainer.global_step]
        self.file.write_bytes(b"".join(kept))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Answer every prompt; the first rank keeps the answers."""
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
        prompt_length = inputs["input_ids"].shape[1]
        settings = {"max_new_tokens": self.max_new_tokens, "synced_gpus": pl_module.device_mesh is not None}
        ids = pl_module(lambda model: _generate(model, **inputs, **settings))
        return str(tokenizer.decode(ids[0, prompt_length:], skip_special_tokens=True))

    def _show(self, trainer: Trainer, rows: list[dict[str, Any]]) -> None:
        """A table of all answers so far where the newest table replaces the last; a text each where texts add up."""
        self._answered += [row for row in rows if row not in self._answered]
        for logger in trainer.loggers:
            if isinstance(logger, StageBoard):
                values = [list(row.values()) for row in self._answered]
                logger.show_table("answers", head=list(rows[0]), rows=values, step=trainer.global_step)
            elif isinstance(logger, TensorBoardLogger):
                for number, row in enumerate(rows, start=1):
                    text = f"**{row['prompt']}**\n\n{row['answer']}"
                    logger.experiment.add_text(f"answers/{number}", text, trainer.global_step)


def _generate(model: Any, **settings: Any) -> torch.Tensor:
    """Tokens of a greedy answer, whatever the base's own settings, which are the stage's too, ask for."""
    network = model.get_base_model() if hasattr(model, "get_base_model") else model  # below an adapter
    own = network.generation_config
    stops = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    network.generation_config = greedy_settings([token for token in stops if token is not None], own.pad_token_id)
    try:
        return model.generate(**settings)  # type: ignore[no-any-return]
    finally:
        network.generation_config = own
