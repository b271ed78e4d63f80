"""Holds the data of a stage: prepared once by content, packed into rows, seen in an order that can be resumed."""

import json
import logging
from collections.abc import Mapping
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import datasets
import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerFast

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.model_folder import tokenizer_files
from hypnos.artefacts.ranges import Count, Filled, Natural, PackingMethod, Positive, Seed
from hypnos.artefacts.store import artefact_folder, make_once
from hypnos.corpus.selection import Selection
from hypnos.corpus.sources import Source
from hypnos.data.encode import Reasoning
from hypnos.data.encoders import Encoders
from hypnos.data.mixture import BUDGETS, make_mixture
from hypnos.data.pack import METHODS, Indices, Packing, pack
from hypnos.data.prepare import HELD_OUT, RECORDS, prepare, shares_key
from hypnos.data.rows import NO_ROW, PackedRows, StepSampler, column
from hypnos.errors import UserError
from hypnos.workers.workers import Workers

log = logging.getLogger(__name__)

VERSION = 2
"""Raised when code of this package changes the tokens or the rows."""

FORM = 5
"""Raised when a tokenised set gets other files, or other tokens under a few tokenizers: trained stages stay."""


class InstructionData(LightningDataModule):
    """Instructions, and running text, of any number of sources.

    The data are described without a tokenizer, and have a key without one. What needs the tokens is there in the copy
    that `with_tokenizer` gives: the only call after construction that sets anything.
    """

    together = 1
    """Documents that lie side by side in every set and in every row."""

    def __init__(
        self,
        *,
        sources: Annotated[Mapping[str, Source], Filled()],
        cache: str,
        max_length: Count,
        row_length: Count,
        rows_per_step: Count,
        weights: Mapping[str, Positive] | None = None,
        learnt_tokens: Count | None = None,
        learnt_characters: Count | None = None,
        selections: Mapping[str, Selection] | None = None,
        max_heldout: Natural | None = None,
        heldout_only: bool = False,
        reasoning: Reasoning = "learn",
        packing: PackingMethod = "best_fit",
        seed: Seed = 0,
        workers: Natural = 0,
        encoders: Count | None = None,
        engine: Workers | None = None,
    ) -> None:
        """Describe the data; nothing is read yet.

        Args:
            sources: by name.
            cache: folder of tokenised data.
            max_length: tokens of the longest document; longer answers lose their end, never their EOS.
            row_length: tokens of a packed row, which is one micro-batch.
            rows_per_step: rows of one optimizer step, over all devices and micro-batches.
            weights: how often each record of a source is seen in an epoch; 0.5 takes half of them. By default 1.
            learnt_tokens: of an epoch: records are drawn, over and over where they are few, until so many are
                reached. Sets of unlike size are then trained on alike, and only their quality tells them apart.
            learnt_characters: the same, counted so that any vocabulary gets the same documents.
            selections: by source, what of its records passes; all do where nothing is said.
            max_heldout: keep at most this many held-out records.
            heldout_only: there is nothing to train on; the data are for measuring.
            reasoning: whether thoughts before answers are learnt, stand there outside the loss mask (`mask`), or are
                dropped. Records without one are the same in all three.
            packing: `best_fit`, `first_fit` or `none`.
            seed: of the order of rows.
            workers: processes that load rows.
            encoders: processes that encode; one a core where nothing is said.
            engine: who encodes in their place.

        Raises:
            UserError: a number is out of its range.
        """
        super().__init__()
        if rows_per_step < 1 or row_length < max_length:
            raise UserError(
                f"data: need rows_per_step {rows_per_step} >= 1 and row_length {row_length} >= max_length {max_length}"
            )
        if HELD_OUT in sources or not sources:
            raise UserError(f"data.sources: needs a source, and none named {HELD_OUT}")
        if packing not in METHODS:
            raise UserError(f"data.packing {packing!r}: know {', '.join(METHODS)}")
        self.sources = dict(sorted(sources.items()))  # the key does not know an order, so there is but one
        budgets = {"learnt_tokens": learnt_tokens, "learnt_characters": learnt_characters}
        self.mixture = make_mixture(sources, weights=weights, budgets=budgets, seed=seed)
        self.selections = dict(sorted((selections or {}).items()))
        if not self.selections.keys() <= sources.keys():
            raise UserError(f"data.selections {', '.join(self.selections)}: only for sources {', '.join(sources)}")
        self.cache = Path(cache)
        self.max_length, self.row_length, self.rows_per_step = max_length, row_length, rows_per_step
        self.max_heldout, self.heldout_only = max_heldout, heldout_only
        self.reasoning: Reasoning = reasoning
        self.packing = packing
        self.seed = seed
        self.workers, self.encoders, self.engine = workers, encoders, engine
        self.tokenizer: Path | None = None
        self.steps_done = 0

    def check(self) -> None:
        """Raise UserError if a source's file is not there."""
        for source in self.sources.values():
            source.check()

    def key(self) -> dict[str, Any]:
        """What decides the rows, apart from the tokenizer."""
        # Data without a budget keep the key they had before there were budgets.
        return {
            **self.documents_key(),
            **self.mixture.budget,
            "weights": self.mixture.weights,
            "row_length": self.row_length,
            "rows_per_step": self.rows_per_step,
            "packing": self.packing,
            "seed": self.seed,
        }

    def documents_key(self) -> dict[str, Any]:
        """What decides the documents, apart from the tokenizer; how they are packed and ordered is no part of it."""
        key = {
            "version": VERSION,
            "sources": {name: source.key() for name, source in self.sources.items()},
            "max_length": self.max_length,
            "max_heldout": self.max_heldout,
            "heldout_only": self.heldout_only,
        } | shares_key(self.sources, self.max_heldout)
        # Data without a selection keep the key they had before there were selections.
        if self.selections:
            key["selections"] = {name: selection.key() for name, selection in self.selections.items()}
        # Thoughts are learnt where nothing else is said, as they were when they were a part of the answer.
        if self.reasoning != "learn":
            key["reasoning"] = self.reasoning
        return key

    def with_tokenizer(self, directory: Path, *, steps_done: int = 0) -> Self:
        """A copy of the data in the tokens of one tokenizer.

        Args:
            directory: of the tokenizer.
            steps_done: optimizer steps that lie behind a resumed run: the trainer itself knows them only after workers
                have begun.
        """
        assert self.tokenizer is None, "what was opened with one tokenizer would stay in the copy"
        data = copy(self)
        data.tokenizer, data.steps_done = directory, steps_done
        return data

    @property
    def directory(self) -> Path:
        """Where the tokenised documents are, or will be."""
        assert self.tokenizer is not None, "with_tokenizer comes first"
        tokenizer = {file.name: file_key(file) for file in tokenizer_files(self.tokenizer)}
        return artefact_folder(
            self.cache, "data", content_key({**self.documents_key(), "tokenizer": tokenizer, "form": FORM})
        )

    def prepare_data(self) -> None:
        """Tokenise, unless it was done before; one process does it and others wait."""
        directory = self.directory
        make_once(
            directory,
            lambda partial: prepare(
                partial,
                sources=self.sources,
                selections=self.selections,
                encoders=Encoders(
                    PreTrainedTokenizerFast.from_pretrained(self.tokenizer),
                    max_length=self.max_length,
                    reasoning=self.reasoning,
                    processes=self.encoders,
                    engine=self.engine,
                ),
                max_heldout=self.max_heldout,
                heldout_only=self.heldout_only,
            ),
            sealed=True,
        )

    def preview(self) -> str:
        """The first documents, decoded, with what their loss masks hold marked."""
        return (self.directory / "preview.txt").read_text("utf-8").strip()

    def _open(self, name: str) -> datasets.Dataset:
        return datasets.Dataset.from_file(str(self.directory / f"{name}.arrow"))

    @cached_property
    def train_rows(self) -> PackedRows:
        """What is trained on, packed when it is first asked for."""
        parts = [self._open(name) for name in self.sources]
        documents = datasets.concatenate_datasets(parts)
        chosen = self.mixture.choose({name: len(p) // self.together for name, p in zip(self.sources, parts)})
        for setting, budget in self.mixture.budget.items():
            costs = column(documents, BUDGETS[setting]).reshape(-1, self.together).sum(1)
            chosen = self.mixture.fill(chosen, costs, budget)
        rows = self.pack_rows(documents, chosen)
        filled = column(documents, "length")[rows.packing.documents].sum() / max(len(rows) * self.row_length, 1)
        log.info("%d documents in %d rows, %.1f %% filled", len(rows.packing.documents), len(rows), 100 * filled)
        return rows

    def pack_rows(self, documents: datasets.Dataset, chosen: Indices) -> PackedRows:
        """Pack some documents of a set, by their numbers."""
        packing = pack(column(documents, "length")[chosen], self.row_length, method=self.packing)
        return PackedRows(documents, Packing(chosen[packing.documents], packing.offsets))

    def report(self) -> dict[str, Any]:
        """By source, what was read, left out and encoded, and why; under `epoch`, what an epoch learns."""
        counts = json.loads((self.directory / "report.json").read_text("utf-8"))
        volume = self.volume()
        epoch = {"learnt_tokens": volume["loss_tokens"], "rows": volume["rows"], "steps": volume["steps"]}
        return {"sources": counts["sources"], "epoch": epoch}

    def held_out_documents(self) -> dict[str, list[Any]]:
        """Of each held-out document, in the order in which rows give them: record, group and characters."""
        names = json.loads((self.directory / RECORDS).read_text("utf-8"))
        order = self.held_out_rows.packing.documents
        characters = column(self.held_out_rows.documents, "characters")
        return {
            "records": [names["records"][number] for number in order],
            "groups": [names["groups"][number] for number in order],
            "characters": [int(characters[number]) for number in order],
        }

    @cached_property
    def held_out_rows(self) -> PackedRows:
        """What is measured on, the same on every rank."""
        held_out = self._open(HELD_OUT)
        return self.pack_rows(held_out, np.arange(len(held_out) // self.together))

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of an epoch."""
        return -(-len(self.train_rows) // self.rows_per_step)

    def volume(self) -> dict[str, int]:
        """What an epoch holds: optimizer steps, and what `PackedRows.volume` counts."""
        return {"steps": self.steps_per_epoch, **self.train_rows.volume()}

    def train_dataloader(self) -> DataLoader:
        """Rows of this rank, from where the trainer stands."""
        rows = self.train_rows
        if not len(rows):
            raise UserError(f"data: no record is left to train on ({', '.join(self.sources)})")
        sampler = self.sample_steps(
            rows,
            rows_per_step=self.rows_per_step,
            seed=self.seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world=self.trainer.world_size if self.trainer else 1,
            steps_done=lambda: max(self.trainer.global_step if self.trainer else 0, self.steps_done),
        )
        return self.load(rows, sampler)

    def sample_steps(self, rows: PackedRows, **settings: Any) -> StepSampler:
        """Rows in the order of steps; see `StepSampler`."""
        return StepSampler(rows.loss_tokens, **settings)

    def val_dataloader(self) -> DataLoader | list:
        """Held-out rows of this rank; none where nothing is held out."""
        rows = self.held_out_rows
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        # All ranks have as many, as those that share their weights wait for each other.
        numbers = range(rank, -(-len(rows) // world) * world, world)
        items = [rows.item(number if number < len(rows) else NO_ROW) for number in numbers]
        return self.load(rows, items) if len(rows) else []

    def load(self, rows: PackedRows, sampler: Any) -> DataLoader:
        """Rows in a given order."""
        return DataLoader(
            rows,
            sampler=sampler,
            batch_size=None,
            num_workers=self.workers,
            pin_memory=torch.cuda.is_available(),
            # Of its own: seeding workers must not draw from the generator that dropout draws from.
            generator=torch.Generator().manual_seed(self.seed),
        )
