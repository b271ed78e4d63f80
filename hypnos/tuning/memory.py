"""Measures what one row takes in training, on tensors that have a shape and no content, so that no weights are loaded.

Such tensors, and a look at every operation, torch offers in modules that it calls private. They are imported here
alone; seen with torch 2.13.0, and `test_memory.py` fails when they are gone.
"""

import copy
import weakref
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AttentionInterface, AttentionMaskInterface, AutoModelForCausalLM, PretrainedConfig

from hypnos.errors import UserError
from hypnos.tuning.compute.loss import Batch, negative_log_likelihood
from hypnos.tuning.compute.quantization import BITS
from hypnos.tuning.compute.replace import replace_tensors
from hypnos.tuning.module import Tuning

CAUSAL = "causal"
HALF = {"bf16": torch.bfloat16, "16": torch.float16}
"""By the first half of Lightning's name for a precision; the other half is `mixed` (autocast) or `true`."""

DEPTHS = (2, 3)
"""Layers of the models that stand for deeper ones; one apart, so that any depth follows in whole numbers."""

PRODUCTS = (torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.addmm_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes and arithmetic of one row, from the second row on.

    Attributes:
        parameters: of the model as it is exported.
        trained: numbers that have a gradient; adapters are among them, and what they adapt is not.
        weights: bytes of the model, with what adapters add.
        gradients: bytes.
        optimizer: bytes of its state.
        activations: bytes kept for the backward pass, and the copies of weights in half precision under autocast.
        logits: bytes the loss takes on top: a chunk of logits, and the head's gradient.
        backward: bytes the backward pass takes beyond all of these at its fullest moment; often 0.
        gathered: bytes that are whole for a moment where weights are sharded: the layer at work and the next, a layer's
            gradient and its copy in float32 to be added up, and what lies outside of layers, with its gradient.
        flops: of the matrix products without attention's, forward and backward, recomputation included.
    """

    parameters: int
    trained: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    backward: int
    gathered: int
    flops: int

    @property
    def peak(self) -> int:
        """Bytes at the fullest moment."""
        standing = self.weights + self.gradients + self.optimizer
        return standing + self.activations + self.logits + self.backward


def measure_row(
    module: Tuning,
    config: PretrainedConfig,
    *,
    precision: str,
    tokens: int,
    loss_tokens: int,
    layers_dtype: torch.dtype | None = None,
) -> Memory:
    """Train on two rows of a model without content, and note what is alive in the second.

    The row is one document: packing saves attention's arithmetic and next to no memory. Of a deep model two depths
    are run, from which the rest follows: every layer adds the same.

    Args:
        module: not loaded; it is given the model without content and is of no further use.
        config: of the model it would load.
        precision: Lightning's name, such as `bf16-mixed`.
        tokens: of the row.
        loss_tokens: tokens of the row that have logits.
        layers_dtype: of layers while they are at work, where it is not their own: sharded ones are gathered in it.

    Raises:
        UserError: a kind of model looks at numbers while it runs, and here there are none (mixtures of experts).
    """
    run = partial(_run, module, precision=precision, tokens=tokens, loss_tokens=loss_tokens, layers_dtype=layers_dtype)
    layers = config.num_hidden_layers
    try:
        if layers <= DEPTHS[-1]:
            return run(config)
        less, more = (asdict(run(_with_layers(config, depth))) for depth in DEPTHS)
    except (RuntimeError, ValueError, TypeError, AttributeError, StopIteration) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"estimate: {config.model_type} does not run without weights: {reason}") from error
    further = (layers - DEPTHS[1]) // (DEPTHS[1] - DEPTHS[0])
    return Memory(**{name: more[name] + further * (more[name] - less[name]) for name in more})


def _with_layers(config: PretrainedConfig, layers: int) -> PretrainedConfig:
    changed = copy.deepcopy(config)
    changed.num_hidden_layers = layers
    if getattr(changed, "layer_types", None):
        changed.layer_types = changed.layer_types[:layers]
    return changed


def _run(
    module: Tuning,
    config: PretrainedConfig,
    *,
    precision: str,
    tokens: int,
    loss_tokens: int,
    layers_dtype: torch.dtype | None = None,
) -> Memory:
    kind, _, how = precision.partition("-")
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=module.weights_dtype)
        if model.is_backend_compatible():
            model.set_attn_implementation(_attention(module.attention))
        if module.activation_checkpointing:
            model.activation_checkpointing_enable()
        parameters = model.num_parameters()
        module.model = module.adapt(model)
        if how == "true" and kind in HALF:
            module.model.to(HALF[kind])
        layers = _layers(_decoder(module.model))
        layers.to(layers_dtype)
    module.model.train()
    autocast = partial(torch.autocast, "cpu", dtype=HALF.get(kind), enabled=how == "mixed")
    row: dict[str, tuple[int, ...]] = dict.fromkeys(("input_ids", "position_ids"), (1, tokens))
    row |= dict.fromkeys(("logits_to_keep", "labels"), (loss_tokens,))
    with FakeTensorMode(), Alive() as alive:
        _give_shapes(module.model)
        spared = _spared(module)
        weights = alive.now - spared
        gathered = _gathered(module.model, layers)
        trained = [p for p in module.model.parameters() if p.requires_grad]
        optimizer = module.optimizer(trained, lr=module.lr)
        batch: Batch = {name: torch.zeros(shape, dtype=torch.long) for name, shape in row.items()}
        batch |= {"cu_seqlens": torch.zeros(2, dtype=torch.int32), "max_seqlen": tokens}
        with autocast():
            loss = negative_log_likelihood(module.model, batch)
        loss.backward()
        del loss
        gradients = sum(p.grad.nbytes for p in trained if p.grad is not None)
        before = alive.now
        optimizer.step()
        standing = alive.now
        alive.flops = 0
        ends: list[int] = []  # of the layers, before the loss
        hook = _decoder(module.model).register_forward_hook(lambda *_: ends.append(alive.restart()))
        with autocast():
            loss = negative_log_likelihood(module.model, batch)
        hook.remove()
        forward = alive.peak
        loss.backward()
    return Memory(
        parameters=parameters,
        trained=sum(p.numel() for p in trained),
        weights=weights,
        gradients=gradients,
        optimizer=standing - before,
        activations=ends[0] - standing,
        logits=forward - ends[0],
        backward=alive.peak - forward,
        gathered=gathered,
        flops=alive.flops,
    )


class Alive(TorchDispatchMode):
    """Adds up the bytes of storages between their first and their last tensor, and the flops of matrix products."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.now = 0
        self.peak = 0
        self.flops = 0
        self._known: dict[int, weakref.ref] = {}

    def restart(self) -> int:
        """Forget the peak so far; gives what is alive."""
        self.peak = self.now
        return self.now

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and add up what it made."""
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            self._add(tensor.untyped_storage())
        if func.overloadpacket in PRODUCTS:
            left, right = [x for x in args if isinstance(x, Tensor)][-2:]
            self.flops += 2 * left.shape[0] * left.shape[1] * right.shape[1]
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        name, size = id(storage), storage.nbytes()
        if name not in self._known:
            self._known[name] = weakref.ref(storage, partial(self._drop, name, size))
            self.now += size
            self.peak = max(self.peak, self.now)

    def _drop(self, name: int, size: int, _: weakref.ref) -> None:
        del self._known[name]
        self.now -= size


def _tensors(result: Any) -> Iterator[Tensor]:
    """The tensors that an operation of torch gives: one, or some in lists."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, list | tuple):
        for part in result:
            yield from _tensors(part)


def _spared(module: Tuning) -> int:
    """Bytes by which a base in four bits is smaller: its linear layers, but for the head."""
    if getattr(module, "quantization", None) is None:
        return 0
    layers = (layer for layer in _decoder(module.model).modules() if type(layer) is nn.Linear)
    frozen = [layer.weight for layer in layers if not layer.weight.requires_grad]
    return sum(weight.nbytes - round(weight.numel() * BITS / 8) for weight in frozen)


def _attention(name: str) -> str:
    """One causal document, without a look at positions, which have no content here."""
    AttentionInterface.register(CAUSAL, _attend)
    AttentionMaskInterface.register(CAUSAL, lambda *args, **kwargs: None)
    return "eager" if name == "eager" else CAUSAL


def _attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Any, scaling: Any = None, **kwargs: Any
) -> tuple[Tensor, None]:
    grouped = query.shape[1] != key.shape[1]
    output = scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling, enable_gqa=grouped)
    return output.transpose(1, 2), None


def _give_shapes(model: nn.Module) -> None:
    """Put fake tensors in the place of those on no device; what was shared stays shared."""
    replace_tensors([model], lambda old: torch.empty(old.shape, dtype=old.dtype))


def _gathered(model: nn.Module, layers: nn.ModuleList) -> int:
    """See `Memory`; what peft keeps of tables that are trained whole takes part in nothing."""
    layer = list(layers[0].parameters())
    inside = set(layers.parameters())
    named = model.named_parameters()
    outside = [p for name, p in named if p not in inside and "original_module" not in name]
    at_work = 2 * sum(p.nbytes for p in layer) + sum(p.nbytes for p in outside)
    reduced = sum(p.nbytes + 4 * p.numel() for p in layer if p.requires_grad)
    return at_work + reduced + sum(p.nbytes for p in outside if p.requires_grad)


def _layers(decoder: nn.Module) -> nn.ModuleList:
    """The layers, whatever a family calls them."""
    return next(part for part in decoder.children() if isinstance(part, nn.ModuleList))


def _decoder(model: Any) -> nn.Module:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return base.get_decoder()
