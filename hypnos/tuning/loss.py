"""The loss of a packed row."""

from torch import Tensor, nn
from torch.nn import functional

Batch = dict[str, Tensor]
"""A row as `hypnos.data.rows.PackedRows` gives it."""


def negative_log_likelihood(model: nn.Module, batch: Batch) -> Tensor:
    """Sum of the learnt tokens' negative log-likelihoods in a row, in nats.

    Logits are made only where a token is learnt. No mask is given: restarting positions tell documents apart,
    and a key-value cache would undo that silently.
    """
    logits = model(
        input_ids=batch["input_ids"],
        position_ids=batch["position_ids"],
        logits_to_keep=batch["places"],
        use_cache=False,
    ).logits[0]
    return functional.cross_entropy(logits.float(), batch["targets"], reduction="sum")
