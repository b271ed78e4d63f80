"""Shards weights, gradients and moments over the devices: torch's FSDP2 (`strategy=fsdp`), which CPUs know too."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from pytorch_lightning import Trainer
from pytorch_lightning.plugins.environments import SLURMEnvironment, TorchElasticEnvironment
from pytorch_lightning.strategies import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from hypnos.errors import UserError
from hypnos.tuning.compute.replace import replace_tensors
from hypnos.tuning.distributed.parts import FROM, load_moments, load_weights, read_rest, save_parts

NAME = "fsdp"
"""Lightning has another strategy of this name, torch's first way of sharding, which refuses CPUs."""

STRATEGIES = ("auto", "ddp", NAME)
"""Under any other of Lightning's, no rank has the whole model that a stage is exported from."""

GATHERED = {"32-true": None, "bf16-mixed": torch.bfloat16}
"""By Lightning's name for a precision, the type in which layers are put together, where it is not that of the parts."""


class Sharded(ModelParallelStrategy):
    """A part of every weight on each device.

    Checkpoints are one file, the same as on one device, or a folder of parts; any number of devices goes on from both.
    """

    def __init__(self, *, parts: bool = False) -> None:
        """Shard over all devices.

        Args:
            parts: whether each rank saves its own share, so that none needs memory for the whole.
        """
        super().__init__(save_distributed_checkpoint=False)
        self.parts = parts

    def setup_environment(self) -> None:
        # Sizes that Lightning takes as numbers alone, before it knows how many devices there are; it has no public
        # name for them. Seen with pytorch-lightning 2.6.6; `test_sharding.py` fails when they are gone.
        self._data_parallel_size, self._tensor_parallel_size = self.num_nodes * self.num_processes, 1
        super().setup_environment()

    @property
    def lightning_restore_optimizer(self) -> bool:
        return True

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds, whole, in the first rank's memory; of adapters nothing that is frozen."""
        module = self.lightning_module
        assert module is not None
        trained = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
        kept = ((k, v) for k, v in module.state_dict().items() if module.strict_loading or k in trained)
        return dict(self._whole(kept))

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """The optimizer's own state, its moments whole in the first rank's memory."""
        state = optimizer.state_dict()
        moments = {number: dict(self._whole(values.items())) for number, values in state["state"].items()}
        return {**state, "state": moments}

    def _whole(self, named: Any) -> Iterator[tuple[str, Any]]:
        for name, value in named:
            if self.parts:
                yield name, value
                continue
            gathered = whole(value)
            if self.is_global_zero:
                yield name, gathered.cpu() if isinstance(gathered, Tensor) else gathered

    def save_checkpoint(self, checkpoint: dict[str, Any], filepath: Any, storage_options: Any | None = None) -> None:
        if self.parts:
            save_parts(checkpoint, Path(self.broadcast(filepath)), rank=self.global_rank)
        else:
            super().save_checkpoint(checkpoint, filepath, storage_options)

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> dict[str, Any]:
        """A checkpoint of which every rank reads its part alone."""
        if Path(checkpoint_path).is_dir():
            return read_rest(Path(checkpoint_path))
        return torch.load(checkpoint_path, map_location="cpu", weights_only=weights_only, mmap=True)

    def load_model_state_dict(self, checkpoint: Mapping[str, Any], strict: bool = True) -> None:
        module = self.lightning_module
        assert module is not None
        parts = module.state_dict()
        if FROM in checkpoint:
            load_weights(checkpoint, parts)
            return
        module.load_state_dict({k: part(v, parts.get(k)) for k, v in checkpoint["state_dict"].items()}, strict=strict)

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        for number, (optimizer, state) in enumerate(zip(self.optimizers, checkpoint["optimizer_states"], strict=True)):
            trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            if FROM in checkpoint:
                optimizer.load_state_dict(load_moments(checkpoint, number, trained))
                continue
            moments = {
                number: {name: part(value, trained[number]) for name, value in values.items()}
                for number, values in state["state"].items()
            }
            optimizer.load_state_dict({**state, "state": moments})


def build_trainer(build: Any, stage: Mapping[str, Any], **arguments: Any) -> Trainer:
    """The trainer of a stage.

    Args:
        build: makes an object from a config with a `_target_`.
        stage: its `tuning` and `trainer`, plain.
        **arguments: to the trainer, besides.

    Raises:
        UserError: the strategy is unknown, what cannot be sharded shall be, or the precision spoils what is learnt.
    """
    settings = stage["trainer"]
    if settings["strategy"] not in STRATEGIES:
        raise UserError(f"strategy {settings['strategy']}: know {', '.join(STRATEGIES)}")
    parts = bool((stage.get("callbacks", {}).get("checkpoint") or {}).get("parts"))
    if parts and settings["strategy"] != NAME:
        raise UserError(
            f"callbacks.checkpoint.parts: of strategy={NAME} alone, and the strategy is {settings['strategy']}"
        )
    if settings["strategy"] == NAME:
        kind, precision = stage["tuning"].get("quantization"), settings["precision"]
        if kind is not None:
            raise UserError(f"strategy fsdp: a base in four bits ({kind}) is not sharded; use strategy=ddp")
        if precision not in GATHERED:
            raise UserError(f"strategy fsdp: precision {precision} is not sharded; know {', '.join(GATHERED)}")
        # What was gathered in inference mode could not be trained on later.
        arguments |= {"strategy": Sharded(parts=parts), "inference_mode": False}
    if str(settings["precision"]) in ("bf16-true", "16-true"):
        # Lightning casts every buffer, and positions would be rounded otherwise than in the exported model.
        raise UserError(f"precision {settings['precision']}: use bf16-mixed with tuning.dtype=bfloat16")
    if settings["precision"] == "16-mixed" and stage["tuning"].get("optimizer", {}).get("fused"):
        # It takes the loss's scale out of the gradients itself, after they were clipped.
        raise UserError("precision 16-mixed: gradients cannot be clipped with tuning.optimizer.fused=true; use false")
    if SLURMEnvironment.detect() and not TorchElasticEnvironment.detect():  # the one that Lightning would choose
        # Lightning's own checkpoint for a requeued job would be read again by whatever the trainer does next.
        arguments["plugins"] = [*(settings.get("plugins") or ()), SLURMEnvironment(auto_requeue=False)]
    trainer: Trainer = build(settings, **arguments)
    return trainer


def shard(module: Any, mesh: DeviceMesh, precision: str) -> None:
    """Leave each rank its part of every layer, and of what lies outside layers: embeddings, last norm, head.

    The first rank's weights are spread, layer by layer: others need none, and no device holds more than a layer
    beside its parts.

    Args:
        module: a `Tuning` with its model; in its forward pass what lies outside layers is whole.
        mesh: of one dimension.
        precision: Lightning's name.

    Raises:
        UserError: the model does not say what its layers are.
    """
    model = module.model
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    layers = [layer for layer in model.modules() if type(layer).__name__ in _layer_classes(base)]
    if not layers:
        raise UserError(f"strategy fsdp: {type(base).__name__} does not tell what its layers are; use strategy=ddp")
    # What peft keeps of tables that are trained whole takes part in nothing.
    unused = [layer for name, layer in model.named_modules() if name.endswith("original_module")]
    # Reduced in float32; gradients of a residual stream that stays as it is, whatever the layers' type.
    computed = MixedPrecisionPolicy(GATHERED[precision], torch.float32, cast_forward_inputs=False)
    kept = MixedPrecisionPolicy(reduce_dtype=torch.float32)
    for unit in layers:
        _spread([unit], mesh)
        fully_shard(unit, mesh=mesh, mp_policy=computed)
    if unused:
        _spread(unused, mesh)
        fully_shard(unused, mesh=mesh)
    _spread([module], mesh)
    fully_shard(module, mesh=mesh, mp_policy=kept, reshard_after_forward=True)


def _layer_classes(model: Any) -> Collection[str]:
    """Names of the classes of a model's layers, each of which is sharded by itself.

    transformers has no public name for them. Seen with transformers 5.23.0; `test_sharding.py` fails when it is gone.
    """
    return model._no_split_modules or ()


def _spread(units: list[nn.Module], mesh: DeviceMesh) -> None:
    """Bring the first rank's tensors onto every rank's device; what is shared stays shared."""
    device = torch.device("cuda", torch.cuda.current_device()) if mesh.device_type == "cuda" else torch.device("cpu")

    def receive(old: Tensor) -> Tensor | None:
        if isinstance(old, DTensor):
            return None
        new = torch.empty_like(old, device=device) if old.is_meta else old.detach().to(device)
        torch.distributed.broadcast(new, src=0)
        return new

    replace_tensors(units, receive)


def whole(value: Any) -> Any:
    """A tensor put together from its parts; every rank that has one must ask."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def part(value: Any, like: Any) -> Any:
    """Cut this rank's part from a whole tensor, as another tensor is cut."""
    if not isinstance(like, DTensor) or value.shape != like.shape:
        return value
    mesh = like.device_mesh
    parts = value.chunk(mesh.size())
    mine = parts[mesh.get_local_rank()] if mesh.get_local_rank() < len(parts) else value[:0]
    mine = mine.to(like.device, copy=True)
    return DTensor.from_local(mine, mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride())


def gather(module: Any, directory: Path, *, first: bool) -> None:
    """Put what was trained together on the first rank, on the model as it was read; every rank must call it.

    Args:
        module: a `Tuning`, sharded; the first rank's has a whole model afterwards.
        directory: of the model that it started from.
        first: whether this is the first rank.
    """
    parts = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    if first:
        module.model = module.adapt(module.read(directory))
    own = dict(module.named_parameters())
    for name, parameter in parts.items():
        gathered = whole(parameter.detach())
        if first:
            own[name].data.copy_(gathered)
