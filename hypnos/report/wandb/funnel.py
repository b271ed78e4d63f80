"""Sends the funnel to Weights & Biases."""

from dataclasses import dataclass

from hypnos.report.boards.send_funnel import FunnelAccount
from hypnos.report.wandb.board import WandbService


@dataclass(kw_only=True)
class WandbFunnel(FunnelAccount, WandbService):
    """Publishes a funnel at W&B."""
