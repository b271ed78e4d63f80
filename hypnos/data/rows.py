"""Gives packed rows as tensors, in the order in which training sees them."""

from collections.abc import Callable, Iterator
from typing import Any

import datasets
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from hypnos.data.batch import LOSS_MASK, LOSS_TOKENS
from hypnos.data.pack import Indices, Packing

PackedRow = dict[str, Any]

NO_ROW = -1
"""Stands for an empty row, which evens out the ranks' shares of the last step."""


class PackedRows(Dataset[PackedRow]):
    """Rows of memory-mapped documents.

    An item is asked for by its row and by the number of loss tokens of the optimizer step it belongs to,
    so that the loss can be divided once, by the whole step's number, without any exchange.
    """

    def __init__(self, documents: datasets.Dataset, packing: Packing) -> None:
        """Pair documents, as `hypnos.data.prepare` stores them, with their packing."""
        self.documents = documents.with_format("arrow")
        self.packing = packing
        self.loss_tokens = packing.sums(column(documents, LOSS_TOKENS))
        """Tokens under the loss mask of every row: `(rows,)`."""

    def __len__(self) -> int:
        return len(self.packing)

    def volume(self) -> dict[str, int]:
        """Rows, tokens, loss tokens, and the sum of squared document lengths."""
        lengths = column(self.documents, "length")[self.packing.documents].astype(np.int64)
        counts = {"tokens": lengths.sum(), "loss_tokens": self.loss_tokens.sum(), "squares": (lengths**2).sum()}
        return {"rows": len(self), **{name: int(count) for name, count in counts.items()}}

    def item(self, row: int) -> Any:
        """What a row is asked for with where no step is taken."""
        return row, 0

    def __getitem__(self, item: tuple[int, int]) -> PackedRow:
        """One row.

        Returns:
            `input_ids` and `position_ids` `(1, length)`; `labels` `(loss tokens,)`, the tokens under the loss mask
            alone, so that there is none to ignore, and `logits_to_keep` `(loss tokens,)`, the positions whose logits
            predict them; `cu_seqlens` `(documents + 1,)`, where documents begin and the last ends, and `max_seqlen`,
            a plain number: tokens of the longest; scalars `step_tokens` and `characters`.
        """
        row, step_tokens = item
        # An empty row is row 0 with an empty loss mask: a pass without loss, which the other ranks wait for.
        table = self.documents[self.packing[max(row, 0)]]
        lengths = table.column("length").to_numpy()
        ids = table.column("input_ids").combine_chunks().flatten().to_numpy()
        loss_mask = table.column(LOSS_MASK).combine_chunks().flatten().to_numpy(zero_copy_only=False)
        if row == NO_ROW:
            loss_mask = np.zeros_like(loss_mask)
        ends = np.cumsum(lengths)
        positions = np.arange(len(ids)) - np.repeat(ends - lengths, lengths)
        labelled = np.flatnonzero(loss_mask)
        return {
            "input_ids": torch.from_numpy(ids.astype(np.int64))[None],
            "position_ids": torch.from_numpy(positions)[None],
            "labels": torch.from_numpy(ids[labelled].astype(np.int64)),
            "logits_to_keep": torch.from_numpy(labelled - 1),
            "cu_seqlens": torch.from_numpy(np.concatenate([[0], ends]).astype(np.int32)),
            "max_seqlen": int(lengths.max()),
            "step_tokens": torch.tensor(step_tokens),
            "characters": torch.tensor(int(table.column("characters").to_numpy().sum()) if row >= 0 else 0),
        }


def column(documents: datasets.Dataset, name: str) -> NDArray:
    """One number of every document: `(documents,)`."""
    return documents.data.column(name).to_numpy()


class StepSampler(Sampler[tuple[int, Any]]):
    """Rows in the order of optimizer steps, a function of the seed and the epoch alone.

    Each step takes `rows_per_step` rows over all ranks, the last of an epoch what is left. Where an epoch
    begins follows from the number of steps done, so a resumed run sees exactly the rows it has not seen.
    """

    def __init__(
        self,
        loss_tokens: NDArray,
        *,
        rows_per_step: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        steps_done: Callable[[], int] = lambda: 0,
    ) -> None:
        """Plan the steps.

        Args:
            loss_tokens: `(rows,)`, tokens under the loss mask of each row.
            rows_per_step: over all ranks and micro-batches.
            seed: of the order.
            rank: whose share is given.
            world: number of ranks.
            steps_done: gives how many optimizer steps lie behind.
        """
        self.loss_tokens = loss_tokens
        self.rows_per_step = rows_per_step
        self.seed = seed
        self.rank = rank
        self.world = world
        self.steps_done = steps_done

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch."""
        return -(-len(self.loss_tokens) // self.rows_per_step)

    def __len__(self) -> int:
        left = len(self.loss_tokens) % self.rows_per_step
        per_step = -(-self.rows_per_step // self.world)
        return self.steps * per_step - (per_step - -(-left // self.world) if left else 0)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        epoch, first = divmod(self.steps_done(), self.steps)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.loss_tokens))
        for step in range(first, self.steps):
            rows = order[step * self.rows_per_step : (step + 1) * self.rows_per_step]
            total = self.step_total(rows)
            share = rows[self.rank :: self.world]
            yield from ((int(row), total) for row in share)
            if len(share) < -(-len(rows) // self.world):
                yield NO_ROW, total

    def step_total(self, rows: Indices) -> Any:
        """What the loss of a step of these rows is divided by: their loss tokens."""
        return int(self.loss_tokens[rows].sum())
