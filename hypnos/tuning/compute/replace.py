"""Puts other tensors in the place of a model's parameters and buffers."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn


def replace_tensors(modules: Iterable[nn.Module], make: Callable[[Tensor], Tensor | None]) -> None:
    """Replace the parameters and buffers of modules and of all modules inside them; what is shared stays shared.

    Args:
        modules: of which tensors are replaced.
        make: gives the tensor that replaces another, or None where it stays; asked once for each. A parameter's
            becomes a parameter, with a gradient where there was one.
    """
    replaced: dict[Tensor, Tensor] = {}
    for module in (inner for outer in modules for inner in outer.modules()):
        parameters = module.named_parameters(recurse=False, remove_duplicate=False)
        buffers = module.named_buffers(recurse=False, remove_duplicate=False)
        for name, old in [*parameters, *buffers]:
            if old not in replaced:
                new = make(old)
                if new is None:
                    continue
                replaced[old] = nn.Parameter(new, old.requires_grad) if isinstance(old, nn.Parameter) else new
            setattr(module, name, replaced[old])
