"""Adds noise to embeddings while training (NEFTune, Jain et al., arXiv 2310.05914)."""

import torch
from torch import Tensor, nn


class Neftune:
    """Adds uniform noise of size alpha / sqrt(length x width) to what an embedding gives, in training only.

    The length is that of the document a token stands in, also when several are packed into one row.
    """

    def __init__(self, embedding: nn.Module, alpha: float) -> None:
        self.alpha = alpha
        self._lengths: Tensor | None = None
        embedding.register_forward_hook(self._add)

    def set_documents(self, cu_seqlens: Tensor, *, tokens: int) -> None:
        """Set where the documents of the next row of so many tokens lie: `cu_seqlens` is `(documents + 1,)`."""
        lengths = cu_seqlens.diff()
        self._lengths = lengths.repeat_interleave(lengths, output_size=tokens)  # a GPU need not be asked for the size

    def _add(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not module.training or self._lengths is None:
            return output
        size = self.alpha / (self._lengths * output.shape[-1]).sqrt()
        noise = torch.rand_like(output) * 2 - 1
        return output + noise * size[None, :, None].to(output.dtype)
