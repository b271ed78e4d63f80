"""Sends a report to Weights & Biases."""

from dataclasses import dataclass

from hypnos.report.boards.send_report import ReportAccount
from hypnos.report.wandb.board import WandbService


@dataclass(kw_only=True)
class WandbReport(ReportAccount, WandbService):
    """Publishes a report at W&B."""
