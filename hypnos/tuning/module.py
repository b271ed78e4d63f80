"""Holds what LoRA and full fine-tuning share: the steps, the measures, the optimizer."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import is_flash_attn_2_available, is_flash_attn_3_available

from hypnos.code_version import code_version
from hypnos.errors import UserError
from hypnos.tuning.callbacks.checkpoints import STAGE_KEY
from hypnos.tuning.callbacks.resume import MADE_WITH, check_weights, compare_code, progress_at
from hypnos.tuning.compute.allocator import keep_freed_blocks
from hypnos.tuning.compute.attention import set_attention, usual_attention
from hypnos.tuning.compute.loss import Batch, room_for_sums
from hypnos.tuning.compute.neftune import Neftune
from hypnos.tuning.distributed.sharding import shard, whole
from hypnos.tuning.job import StageJob
from hypnos.tuning.objectives.objective import Objective, Sums
from hypnos.tuning.tracking.tracking import Tracking


class Tuning(LightningModule, ABC):
    """A causal language model that is tuned on packed rows.

    It learns after it was built which stage it is tuned in (`attach`) and with which weights (`load`); our callbacks
    read the stage from it in their `setup`.

    Attributes:
        model: the model, once it is loaded.
        objective: what is learnt from a row.
        weights_dtype: type of the weights that are read.
        job: the stage; None where a module is trained by itself.
        folder: that is filled by the stage.
        tracking: the stage's loggers.
        usual_attention: the attention that whoever reads the exported model gets.
    """

    model: Any
    objective: Objective
    weights_dtype: torch.dtype
    job: StageJob | None = None
    folder: Path | None = None
    tracking: Tracking | None = None
    usual_attention: str = "sdpa"

    def __init__(
        self,
        lr: float,
        optimizer: Callable[..., Optimizer],
        schedule: Callable[..., LRScheduler],
        weight_decay: float,
        neftune_alpha: float,
        activation_checkpointing: bool,
        attention: str,
    ) -> None:
        """Describe the tuning; `load` brings the model.

        Args:
            lr: peak learning rate.
            optimizer: called with groups of parameters.
            schedule: called with the optimizer and the number of steps.
            weight_decay: on matrices, not on norms and biases.
            neftune_alpha: size of the noise on embeddings; 0 for none.
            activation_checkpointing: recompute activations in the backward pass: less memory, a third more time.
            attention: a name transformers knows, `documents` (see `hypnos.tuning.compute.attention`), or `auto`.

        Raises:
            UserError: the learning rate is not above 0.
        """
        super().__init__()
        if lr <= 0:
            raise UserError(f"tuning.lr {lr} must be above 0")
        self.lr = lr
        self.optimizer = optimizer
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.neftune_alpha = neftune_alpha
        self.activation_checkpointing = activation_checkpointing
        self.attention = attention
        self._noise: Neftune | None = None
        self._step_loss: Tensor | float = 0.0
        self._micro_batches = 0
        self._step_sums: Sums = {}
        self._sums: Sums = {}

    def attach(self, job: StageJob, *, folder: Path, tracking: Tracking | None) -> None:
        """Say which stage is trained, in which folder, and by what it is shown."""
        self.job = job
        self.folder = folder
        self.tracking = tracking

    def check(self) -> None:
        """Raise UserError if this machine lacks what the tuning needs."""
        kind = self.attention
        if kind == "flash_attention_2" and not is_flash_attn_2_available():
            raise UserError(f"tuning.attention: {kind}: needs a GPU and pip install -e '.[flash]'; auto does not")
        if kind == "flash_attention_3" and not is_flash_attn_3_available():
            raise UserError(f"tuning.attention: {kind}: needs a GPU and FlashAttention 3; auto needs none")
        if kind == "flex_attention" and not torch.cuda.is_available():
            raise UserError(f"tuning.attention: {kind}: has no backward pass without a GPU; use auto")

    def check_model(self, model: PreTrainedModel, *, where: str) -> None:
        """Raise UserError if a model lacks what the tuning needs.

        Args:
            model: without weights, or with them.
            where: the key of this tuning in the configuration.
        """

    def read(self, directory: Path) -> PreTrainedModel:
        """The model of a Hugging Face directory as training needs it."""
        return AutoModelForCausalLM.from_pretrained(directory, dtype=self.weights_dtype)

    def load(self, directory: Path, *, empty: bool = False) -> None:
        """Read the model of a Hugging Face directory and make it ready to train.

        Args:
            directory: of the model.
            empty: read its shape alone, as the weights come from another rank.
        """
        with torch.device("meta") if empty else nullcontext():
            model = self._shape(directory) if empty else self.read(directory)
            model.get_input_embeddings().padding_idx = None  # no gradient reaches its row, which may be that of EOS
            self.usual_attention = usual_attention(model)
            set_attention(model, self.attention)
            if self.activation_checkpointing:
                model.activation_checkpointing_enable()
            self.model = self.adapt(model)
        if self.neftune_alpha:
            self._noise = Neftune(self.model.get_input_embeddings(), self.neftune_alpha)
        self.model.train()

    def _shape(self, directory: Path) -> PreTrainedModel:
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(directory), dtype=self.weights_dtype)

    def restore_attention(self) -> None:
        """Have the model attend as whoever reads it later will have it."""
        if self.model.is_backend_compatible():
            self.model.set_attn_implementation(self.usual_attention)

    def configure_model(self) -> None:
        """Leave this rank its part of the weights, where the strategy shards them."""
        if self.device_mesh is not None and not isinstance(self, FSDPModule):
            shard(self, self.device_mesh["data_parallel"], str(self.trainer.precision))

    def on_fit_start(self) -> None:
        """Have a CPU's memory kept between steps; beside a GPU it would only be held."""
        if self.device.type == "cpu":
            keep_freed_blocks()

    @abstractmethod
    def adapt(self, model: PreTrainedModel) -> nn.Module:
        """Choose what of a model is trained."""

    def settle(self, directory: Path) -> None:
        """Bring the tuned model onto the weights it will be exported with, where it was trained on others.

        Args:
            directory: of the model that was loaded.
        """

    @abstractmethod
    def merge(self) -> PreTrainedModel:
        """The tuned model as a plain Hugging Face one."""

    def forward(self, call: Callable[[Any], Any]) -> Any:
        """Call something with the model; a sharded one must be used so, by all ranks at once, and never directly."""
        return call(self.model)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of a micro-batch, scaled so that the step's gradient is that of the mean over its labels, or its pairs.

        Lightning averages over micro-batches and ranks, whose numbers of labels differ; multiplying by both counts and
        dividing by the whole step's labels leaves each with the same weight.
        """
        self._draw_anew()
        if self._noise is not None:
            self._noise.set_documents(batch["cu_seqlens"], tokens=batch["input_ids"].shape[1])
        sums = self.objective.measure(self, batch, held_out=False)
        # The last step of an epoch may have fewer micro-batches, but Lightning divides by the full number.
        shares = self.trainer.accumulate_grad_batches * self.trainer.world_size
        share = sums.pop("loss") / batch[self.objective.count].clamp(min=1)
        self._step_loss = self._step_loss + share.detach()
        self._add(sums, self._step_sums)
        return share * shares

    def _draw_anew(self) -> None:
        """Make dropout and noise a function of where training stands, so that a resumed run draws what it would have.

        No generator's state has to be saved, and ranks draw apart.
        """
        seed = 0 if self.job is None else self.job.seed
        position = (seed, self.trainer.global_step, self._micro_batches, self.trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence(position).generate_state(1, np.uint64)[0]))
        self._micro_batches += 1

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Log the step's mean loss, in nats a label where labels are learnt, over its micro-batches and ranks."""
        loss = self.trainer.strategy.reduce(self._step_loss, reduce_op="sum")
        self.log("train/loss", loss, prog_bar=True)
        for name, value in self.objective.summarise_step(self._over_ranks(self._step_sums)).items():
            self.log(f"train/{name}", value)
        self._step_loss, self._step_sums = 0.0, {}
        self._micro_batches = 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add whose checkpoint it is, and what code wrote it."""
        checkpoint[STAGE_KEY] = "" if self.job is None else self.job.key
        checkpoint[MADE_WITH] = code_version()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from nothing that other code left, and from where an unbroken run would stand.

        Raises:
            UserError: the weights are not those that are trained here.
        """
        file = self.trainer.ckpt_path
        check_weights(checkpoint["state_dict"], self.trained_state(), file=file)
        compare_code(checkpoint.get(MADE_WITH, {}), code_version(), file=file)
        checkpoint["loops"]["fit_loop"] = progress_at(
            checkpoint["global_step"],
            steps_per_epoch=self.trainer.datamodule.steps_per_epoch,  # type: ignore[attr-defined]
            micro_batches=self.trainer.accumulate_grad_batches,
        )

    def trained_state(self) -> dict[str, Tensor]:
        """What a checkpoint holds of the model."""
        return self.state_dict()

    def configure_gradient_clipping(
        self, optimizer: Optimizer, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip the gradient's norm, and log what it was."""
        trained = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.clip_grad_norm_(trained, gradient_clip_val or math.inf)
        self.log("train/grad_norm", whole(norm))

    def on_validation_epoch_start(self) -> None:
        self._sums = {}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add a row's sums, such as its nats, labels and characters."""
        self._add(self.objective.measure(self, batch, held_out=True), self._sums)

    def on_validation_epoch_end(self) -> None:
        """Log the objective's measures, such as `val/loss` and `val/bits_per_char`, over all ranks."""
        for name, value in self.objective.summarise(self._over_ranks(self._sums)).items():
            self.log(f"val/{name}", value, rank_zero_only=True, prog_bar=name == "loss")

    def _add(self, sums: Sums, total: Sums) -> None:
        for name, value in sums.items():
            total[name] = total.get(name, room_for_sums(1, self.device)) + value.detach()

    def _over_ranks(self, sums: Sums) -> dict[str, float]:
        """Sums over all ranks, in one exchange, where there are any."""
        if not sums:
            return {}
        together = self.trainer.strategy.reduce(torch.cat(list(sums.values())), reduce_op="sum")
        return dict(zip(sums, together.tolist(), strict=True))

    def configure_optimizers(self) -> Any:
        """The optimizer, and its schedule over the stage's steps."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = self.optimizer(_decay_groups(trained, self.weight_decay), lr=self.lr)
        schedule = self.schedule(optimizer, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _decay_groups(parameters: Iterable[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    matrices: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    for parameter in parameters:
        (matrices if parameter.ndim > 1 else vectors).append(parameter)
    groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
