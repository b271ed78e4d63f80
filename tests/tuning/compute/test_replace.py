import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from hypnos.tuning.compute.replace import replace_tensors


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.table.weight
        self.norm = nn.Linear(3, 3)
        self.norm.weight.requires_grad = False
        self.register_buffer("scale", torch.ones(2), persistent=False)
        self.register_buffer("none", None)


def test_what_is_shared_stays_shared_and_what_is_frozen_frozen():
    model = Tied()
    asked = []
    replace_tensors([model], lambda old: asked.append(old) or torch.full(old.shape, 7.0))
    assert len(asked) == 4
    assert model.head.weight is model.table.weight and isinstance(model.head.weight, nn.Parameter)
    assert dict(model.named_parameters()).keys() == {"table.weight", "norm.weight", "norm.bias"}
    assert not model.norm.weight.requires_grad and model.norm.bias.requires_grad
    assert model.scale.tolist() == [7.0, 7.0] and "scale" in dict(model.named_buffers())
    assert model.state_dict().keys() == {"table.weight", "head.weight", "norm.weight", "norm.bias"}


def test_what_nothing_is_given_for_stays():
    model = Tied()
    before = model.norm.bias
    replace_tensors([model.norm], lambda old: None)
    assert model.norm.bias is before


@pytest.mark.parametrize("kind", ["embedding", "linear"])
def test_adapters_are_reached_too(small_model, kind):
    """Those of embeddings lie in dictionaries of parameters, not in layers."""
    target = {"embedding": "embed_tokens", "linear": "q_proj"}[kind]
    model = get_peft_model(small_model(), LoraConfig(r=2, target_modules=[target]))
    before = {name: parameter.shape for name, parameter in model.named_parameters()}
    replace_tensors([model], lambda old: torch.zeros_like(old))
    assert {name: parameter.shape for name, parameter in model.named_parameters()} == before
    assert not any(parameter.any() for parameter in model.parameters())
