"""Holds pairs of answers for a stage: both documents of a pair lie side by side in one row."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import datasets
import numpy as np
import torch

from hypnos.data.datamodule import InstructionData
from hypnos.data.pack import Indices, Packing, pack
from hypnos.data.rows import NO_ROW, PackedRow, PackedRows, StepSampler, column


class PairRows(PackedRows):
    """Rows of whole pairs: the chosen answer's document, then the rejected one's."""

    def item(self, row: int) -> Any:
        return row, (0, 0)

    def __getitem__(self, item: Any) -> PackedRow:
        """One row.

        Returns:
            What `PackedRows` gives, and besides `documents` `(documents,)`, their numbers; `pair_characters`
            `(pairs, 2)`, characters of both answers; `step_pairs`, pairs of the whole step; `pairs_counted`, 1, or 0
            for a row that only evens out the ranks' shares.
        """
        row, (step_tokens, step_pairs) = item
        numbers = self.packing[max(row, 0)]
        return {
            **super().__getitem__((max(row, 0), step_tokens)),  # an answer without labels has no mean
            "documents": torch.from_numpy(numbers),
            "pair_characters": torch.from_numpy(self.characters[numbers].astype(np.int64)).view(-1, 2),
            "step_pairs": torch.tensor(step_pairs),
            "pairs_counted": torch.tensor(int(row != NO_ROW)),
        }

    @cached_property
    def characters(self) -> np.ndarray:
        """Characters of every document's answer: `(documents,)`."""
        return column(self.documents, "characters")

    @property
    def pairs(self) -> Indices:
        """Pairs of each row: `(rows,)`."""
        return np.diff(self.packing.offsets) // 2


class PairSampler(StepSampler):
    """Rows with the labels and the pairs of their step."""

    def __init__(self, rows: PairRows, **settings: Any) -> None:
        """Plan the steps; see `StepSampler`."""
        super().__init__(rows.loss_tokens, **settings)
        self.pairs = rows.pairs

    def step_total(self, rows: Indices) -> Any:
        return super().step_total(rows), int(self.pairs[rows].sum())


class PreferenceData(InstructionData):
    """Pairs of any number of sources, each a `hypnos.data.pairs.source.PairSource`.

    A pair longer than a row has one of its own: `row_length` bounds what is put together, not what is kept whole.
    """

    together = 2

    def pack_rows(self, documents: datasets.Dataset, chosen: Indices) -> PairRows:
        """Pack some pairs of a set, by their numbers."""
        lengths = column(documents, "length").astype(np.int64).reshape(-1, 2).sum(1)[chosen]
        packing = pack(np.minimum(lengths, self.row_length), self.row_length, method=self.packing)
        both = 2 * chosen[packing.documents][:, None] + np.arange(2)
        return PairRows(documents, Packing(both.ravel(), 2 * packing.offsets))

    def sample_steps(self, rows: PackedRows, **settings: Any) -> StepSampler:
        assert isinstance(rows, PairRows)
        return PairSampler(rows, **settings)

    @property
    def every_pair(self) -> PairRows:
        """All pairs that can be trained on, each once, whatever an epoch draws of them."""
        documents = self.train_rows.documents.with_format(None)
        return self.pack_rows(documents, np.arange(len(documents) // 2))

    def in_order(self, rows: PackedRows) -> Iterable[PackedRow]:
        """Every row once, outside a fit."""
        return self.load(rows, [rows.item(number) for number in range(len(rows))])
