"""Which of several processes this one is."""

from pytorch_lightning.utilities.rank_zero import rank_zero_only


def is_first_rank() -> bool:
    """Tell whether this process decides, writes and prints; the launcher says so in the environment."""
    return getattr(rank_zero_only, "rank", 0) == 0
