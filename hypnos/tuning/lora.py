"""Trains low-rank adapters on a frozen base: stage 1 (Fig. 1, general; Hu et al., arXiv 2106.09685)."""

import copy
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hypnos.artefacts.ranges import Count, Filled, FloatType, NotNegative, Positive, Range
from hypnos.errors import UserError
from hypnos.tuning.compute.attention import AttentionKind
from hypnos.tuning.compute.quantization import KINDS, check_machine, read_quantized
from hypnos.tuning.module import Tuning
from hypnos.tuning.objectives.objective import Objective, Supervised

ALL_LINEAR = "all-linear"
"""peft's word."""

LINEAR = (nn.Linear, Conv1D)
ADAPTABLE = (*LINEAR, nn.Embedding, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Layers that peft's LoRA lies on."""

SETS = ("target_modules", "exclude_modules")
"""Settings of an adapter that peft keeps without an order."""


class LoraTuning(Tuning):
    """Adapters on linear layers, and embeddings and head where new rows must be learnt."""

    strict_loading = False  # checkpoints hold trained weights alone

    def __init__(
        self,
        *,
        lr: Positive,
        optimizer: Callable[..., Optimizer],
        schedule: Callable[..., LRScheduler],
        r: Count,
        lora_alpha: Positive,
        target_modules: Annotated[Sequence[str], Filled()] | Literal["all-linear"],
        lora_dropout: Annotated[float, Range(least=0, below=1)] = 0.0,
        use_rslora: bool = False,
        use_dora: bool = False,
        train_embeddings: bool = True,
        weight_decay: NotNegative = 0.0,
        neftune_alpha: NotNegative = 0.0,
        activation_checkpointing: bool = False,
        attention: AttentionKind = "auto",
        dtype: FloatType = "float32",
        quantization: Literal["nf4"] | None = None,
        objective: Objective | None = None,
    ) -> None:
        """See `Tuning`; names are those of peft.

        Args:
            lr: peak learning rate.
            optimizer: see `Tuning`.
            schedule: see `Tuning`.
            r: rank.
            lora_alpha: the update is scaled by lora_alpha / r, or by lora_alpha / sqrt(r) with `use_rslora`.
            target_modules: names of the adapted layers, or peft's word for all linear ones but the head.
            lora_dropout: on the adapters' input.
            use_rslora: rank-stabilised scaling (Kalajdzievski, arXiv 2312.03732).
            use_dora: learn a magnitude for each adapted column too (Liu et al., arXiv 2402.09353).
            train_embeddings: train embeddings and head whole, which new pieces need.
            weight_decay: see `Tuning`.
            neftune_alpha: see `Tuning`.
            activation_checkpointing: see `Tuning`.
            attention: see `Tuning`.
            dtype: of the frozen base; what is trained is kept in float32.
            quantization: `nf4` keeps the frozen base in four bits (see `hypnos.tuning.compute.quantization`).
            objective: what is learnt from a row; None for its labels.

        Raises:
            UserError: the kind of quantization is unknown.
        """
        super().__init__(lr, optimizer, schedule, weight_decay, neftune_alpha, activation_checkpointing, attention)
        self.objective = objective or Supervised()
        self.weights_dtype = getattr(torch, dtype)
        if quantization is not None and quantization not in KINDS:
            raise UserError(f"tuning.quantization {quantization!r}: know {', '.join(KINDS)}")
        self.quantization = quantization
        self.train_embeddings = train_embeddings
        self.lora: dict[str, Any] = {
            "r": r,
            "lora_alpha": lora_alpha,
            "lora_dropout": lora_dropout,
            "target_modules": target_modules if isinstance(target_modules, str) else list(target_modules),
            "use_rslora": use_rslora,
            "use_dora": use_dora,
        }

    def check(self) -> None:
        super().check()
        if self.quantization is not None:
            check_machine(self.quantization)

    def read(self, directory: Path) -> PreTrainedModel:
        if self.quantization is None:
            return super().read(directory)
        return read_quantized(directory, kind=self.quantization, dtype=self.weights_dtype)

    def settle(self, directory: Path) -> None:
        """Put an adapter that was trained on a quantised base onto the base as it is; others lie on it already."""
        if self.quantization is None:
            return
        adapter = get_peft_model_state_dict(self.model, save_embedding_layers=False)
        adapter = {name: weight.detach().cpu() for name, weight in adapter.items()}
        self.model = self.adapt(super().read(directory))
        set_peft_model_state_dict(self.model, adapter)
        self.model.eval()

    def check_model(self, model: PreTrainedModel, *, where: str) -> None:
        layers = dict(model.named_modules())
        wanted = self.lora["target_modules"]
        if wanted == ALL_LINEAR:
            head = model.get_output_embeddings()
            adapted = [layer for layer in layers.values() if isinstance(layer, LINEAR) and layer is not head]
        else:
            found = {t: [layer for name, layer in layers.items() if f".{name}".endswith(f".{t}")] for t in wanted}
            if missing := [name for name in wanted if not found[name]]:
                lacking = f"{where}.target_modules: the model has no layer {', '.join(missing)}"
                raise UserError(f"{lacking}; {ALL_LINEAR} fits any")
            for name, named in found.items():
                if other := next((layer for layer in named if not isinstance(layer, ADAPTABLE)), None):
                    kind = type(other).__name__
                    raise UserError(f"{where}.target_modules: {name}: is a {kind}; adapters lie on linear layers")
            adapted = [layer for named in found.values() for layer in named]
        widest = max((min(layer.weight.shape) for layer in adapted), default=0)
        if self.lora["r"] > widest:
            raise UserError(f"{where}.r: {self.lora['r']}: must be at most {widest}, the rank of the largest layer")
        if model.device.type == "meta":  # what peft has against it: experts under dropout, Mamba's layers
            try:
                self._wrap(copy.deepcopy(model))
            except ValueError as error:
                raise UserError(f"{where}: adapters do not fit this model: {str(error).splitlines()[0]}") from error

    def adapt(self, model: PreTrainedModel) -> nn.Module:
        self.check_model(model, where="tuning")
        adapted = self._wrap(model)
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
        # Trained rows are in float32, the base may not be: layers pass on what they would pass on after export.
        adapted.get_input_embeddings().register_forward_hook(lambda module, ids, rows: rows.to(self.weights_dtype))
        return adapted

    def _wrap(self, model: PreTrainedModel) -> PeftModel:
        """Lay adapters on a model, and make embeddings and head trained copies, one where they are one table."""
        tied = model.get_input_embeddings().weight is model.get_output_embeddings().weight
        tables = [_name_of(model, model.get_input_embeddings())]
        if not tied:
            tables.append(_name_of(model, model.get_output_embeddings()))
        config = LoraConfig(
            task_type="CAUSAL_LM",
            modules_to_save=tables if self.train_embeddings else None,
            ensure_weight_tying=tied and self.train_embeddings,  # peft unties silently without it
            **self.lora,
        )
        adapted = get_peft_model(model, config)
        head = adapted.get_output_embeddings()
        if tied and self.train_embeddings and isinstance(head, nn.Linear):
            # peft finds tied heads of some models alone: others', such as GPT-2's, stay with the frozen table.
            head.weight = adapted.get_input_embeddings().modules_to_save["default"].weight
        return adapted

    def on_fit_start(self) -> None:
        """Let autocast alone choose types: peft would copy the input of every adapter to float32, and it back."""
        super().on_fit_start()
        self._cast_inputs("mixed" not in str(self.trainer.precision) or self.lora["use_dora"])

    def on_fit_end(self) -> None:
        self._cast_inputs(True)

    def _cast_inputs(self, cast: bool) -> None:
        for layer in self.model.modules():
            if isinstance(layer, LoraLayer):
                layer.cast_input_dtype_enabled = cast

    def without_adapter(self) -> AbstractContextManager[None]:
        """While it lasts, the model is the base."""
        assert isinstance(self.model, PeftModel)
        return self.model.disable_adapter()

    def merge(self) -> PreTrainedModel:
        assert isinstance(self.model, PeftModel)
        return self.model.merge_and_unload(safe_merge=True)

    def save_adapter(self, directory: Path) -> None:
        """Write the adapter alone, as peft does."""
        assert isinstance(self.model, PeftModel)
        self.model.save_pretrained(str(directory), save_embedding_layers=False)
        file = directory / "adapter_config.json"
        config = json.loads(file.read_text("utf-8"))
        # peft keeps names in a set, whose order differs from process to process.
        config |= {name: sorted(config[name]) for name in SETS if isinstance(config.get(name), list)}
        file.write_text(json.dumps(config, indent=2, sort_keys=True), "utf-8")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep only what is trained: the base lies in the parent's directory."""
        super().on_save_checkpoint(checkpoint)
        trained = self.trained_state()
        checkpoint["state_dict"] = {k: v for k, v in checkpoint["state_dict"].items() if k in trained}

    def trained_state(self) -> dict[str, Tensor]:
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}


def _name_of(model: nn.Module, wanted: nn.Module) -> str:
    return next(name.rpartition(".")[2] for name, module in model.named_modules() if module is wanted)
