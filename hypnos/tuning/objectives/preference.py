"""Learns from pairs of answers: the better one shall become likelier than the worse one.

DPO (Rafailov et al., arXiv 2305.18290) holds both against the model the stage starts from; ORPO (Hong et al., arXiv
2403.07691) needs no reference and learns to say the better answer besides. A row holds pairs as neighbours: the chosen
answer's document, then the rejected one's.
"""

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from hypnos.artefacts.ranges import NotNegative, Positive
from hypnos.tuning.compute.loss import Batch, label_likelihoods, sum_by_document
from hypnos.tuning.job import StageJob
from hypnos.tuning.objectives.objective import Forward, Objective, Sums
from hypnos.tuning.objectives.reference import Reference, read_reference

SURE = -1e-7
"""Log-likelihood of a token, at most, where odds are made of it: those of a certain one are infinite.

In float32 a token is certain where its logit is some 17 above all others.
"""


class PreferenceObjective(Objective):
    """Counts, besides the loss, how often the better answer is preferred, and what becomes of its likelihood."""

    count = "step_pairs"

    @abstractmethod
    def compare(self, batch: Batch, nats: Tensor, tokens: Tensor, *, held_out: bool) -> tuple[Tensor, Tensor, Sums]:
        """The loss of each pair, by how much its better answer is preferred (above 0: it is), and further sums.

        Args:
            batch: the row.
            nats: log-likelihood of the better and of the worse answer: `(pairs, 2)`.
            tokens: labels of each: `(pairs, 2)`.
            held_out: the row is one of the held-out ones.
        """

    def measure(self, forward: Forward, batch: Batch, *, held_out: bool) -> Sums:
        likelihoods = forward(partial(label_likelihoods, batch=batch))
        nats = sum_by_document(likelihoods, batch).view(-1, 2)
        tokens = sum_by_document(torch.ones_like(likelihoods), batch).view(-1, 2)
        losses, margins, further = self.compare(batch, nats, tokens, held_out=held_out)
        counted = batch["pairs_counted"]  # 0 in a row that only evens out the ranks' shares
        characters = batch["pair_characters"]
        sums = {
            "loss": losses.sum(),
            "pairs": torch.ones_like(losses).sum(),
            "margin": margins.sum(),
            "preferred": _share_above(margins).sum(),
            "chosen_nats": -nats[:, 0].sum(),
            "chosen_tokens": tokens[:, 0].sum(),
            "rejected_nats": -nats[:, 1].sum(),
            "rejected_tokens": tokens[:, 1].sum(),
            "longer": _share_above(characters[:, 0] - characters[:, 1]).sum(),
            **further,
        }
        return {name: value * counted if name == "loss" else value.detach() * counted for name, value in sums.items()}

    def summarise(self, sums: Mapping[str, float]) -> dict[str, float]:
        pairs = max(sums["pairs"], 1)
        return {
            "loss": sums["loss"] / pairs,
            "pairs": sums["pairs"],
            "accuracy": sums["preferred"] / pairs,
            "longer_accuracy": sums["longer"] / pairs,
            "margin": sums["margin"] / pairs,
            "chosen_loss": sums["chosen_nats"] / max(sums["chosen_tokens"], 1),
            "rejected_loss": sums["rejected_nats"] / max(sums["rejected_tokens"], 1),
            "chosen_length": sums["chosen_tokens"] / pairs,
            "rejected_length": sums["rejected_tokens"] / pairs,
        }

    def summarise_step(self, sums: Mapping[str, float]) -> dict[str, float]:
        measures = self.summarise({"loss": 0.0, **sums})
        return {name: measures[name] for name in measures if name not in ("loss", "pairs", "longer_accuracy")}


class Dpo(PreferenceObjective):
    """Direct preference optimisation: what the model prefers more than the reference does, through a sigmoid."""

    def __init__(self, *, beta: Positive = 0.1, sft_weight: NotNegative = 0.0) -> None:
        """Describe the loss.

        Args:
            beta: how strongly the model is held to the reference; small lets it go far.
            sft_weight: of the chosen answer's loss in nats a label, which keeps its likelihood from falling.
        """
        self.beta = beta
        self.sft_weight = sft_weight
        self.reference: Reference | None = None

    def prepare(self, job: StageJob, data: Any, module: Any, *, precision: str) -> None:
        self.reference = read_reference(job, data, module, precision=precision)

    def compare(self, batch: Batch, nats: Tensor, tokens: Tensor, *, held_out: bool) -> tuple[Tensor, Tensor, Sums]:
        assert self.reference is not None, "prepare comes first"
        reference = self.reference.of(batch["documents"], held_out=held_out).to(nats).view(-1, 2)
        rewards = self.beta * (nats - reference)
        margins = rewards[:, 0] - rewards[:, 1]
        losses = -functional.logsigmoid(margins)
        if self.sft_weight:
            losses = losses - self.sft_weight * nats[:, 0] / tokens[:, 0]
        further = {
            "reference": _share_above(reference[:, 0] - reference[:, 1]).sum(),
            "chosen_reward": rewards[:, 0].sum(),
        }
        return losses, margins, further

    def summarise(self, sums: Mapping[str, float]) -> dict[str, float]:
        pairs = max(sums["pairs"], 1)
        further = {
            "reference_accuracy": sums["reference"] / pairs,
            "chosen_reward": sums["chosen_reward"] / pairs,
            "rejected_reward": (sums["chosen_reward"] - sums["margin"]) / pairs,
        }
        return super().summarise(sums) | further


class Orpo(PreferenceObjective):
    """Odds-ratio preference optimisation: the better answer's loss, and the odds of both through a sigmoid."""

    def __init__(self, *, beta: Positive = 0.1) -> None:
        """Describe the loss; `beta` weighs the odds ratio (lambda of the paper)."""
        self.beta = beta

    def compare(self, batch: Batch, nats: Tensor, tokens: Tensor, *, held_out: bool) -> tuple[Tensor, Tensor, Sums]:
        means = (nats / tokens).clamp(max=SURE)
        odds = means - torch.log(-torch.expm1(means))
        margins = odds[:, 0] - odds[:, 1]
        return -means[:, 0] - self.beta * functional.logsigmoid(margins), margins, {}


def _share_above(differences: Tensor) -> Tensor:
    """1 where a difference is above 0, 0 where below, and a half where both sides are equal."""
    return (differences.sign().double() + 1) / 2
