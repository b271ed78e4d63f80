"""Spreads batches of records over processes that encode them, and gives them back in the order in which they were read.

What is encoded does not depend on how many processes there are.
"""

import gc
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Self

from transformers import PreTrainedTokenizerFast

from hypnos.corpus.records import Record
from hypnos.data.batch import Batch, EncodedBatch, encode_batch
from hypnos.data.encode import Document, Encoder, Reasoning
from hypnos.errors import UserError
from hypnos.workers.processes import Processes
from hypnos.workers.workers import HERE, Work, WorkerKilled, Workers

FEW = 8
"""Batches that are encoded in this process: to start others takes as long as these do."""


class Encode(Work):
    """Encodes batches of one source."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, settings: Mapping[str, Any], *, holdout: float) -> None:
        """Prepare to encode.

        Args:
            tokenizer: with its chat template.
            settings: of an `Encoder` besides.
            holdout: see `encode_batch`.
        """
        self._made_of = (tokenizer, settings, holdout)
        self.encoder = Encoder(tokenizer, **settings)

    def work(self, block: Batch) -> EncodedBatch:
        return encode_batch(self.encoder, block, holdout=self._made_of[2])

    def __reduce__(self) -> tuple[Any, ...]:
        """An encoder cannot be sent; a worker makes one of what can."""
        return _take_up, self._made_of


def _take_up(tokenizer: PreTrainedTokenizerFast, settings: Mapping[str, Any], holdout: float) -> Encode:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the other cores have workers of their own
    work = Encode(tokenizer, settings, holdout=holdout)
    gc.freeze()
    return work


class Encoders:
    """Encodes in this process, and by others once there is much to encode. A context: they end with it."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        *,
        max_length: int,
        reasoning: Reasoning = "learn",
        processes: int | None = None,
        engine: Workers | None = None,
    ) -> None:
        """Prepare to encode; nothing is started yet.

        Args:
            tokenizer: with its chat template.
            max_length: tokens of the longest document.
            reasoning: see `Encoder`.
            processes: that encode; None for one a core. With one it is this process.
            engine: who encodes in the place of processes.

        Raises:
            UserError: `max_length` leaves no room, the template fails, or the engine works on no records.
        """
        if engine is not None and not isinstance(engine, Workers):
            raise UserError("engine: does no work on records; know engine=ray")
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._settings: dict[str, Any] = {"max_length": max_length, "reasoning": reasoning}
        self._encoder = Encoder(tokenizer, **self._settings)
        self.processes = len(os.sched_getaffinity(0)) if processes is None else processes
        self._workers = engine or Processes(self.processes)
        if multiprocessing.current_process().daemon:  # may not have processes of its own
            self._workers = HERE
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    def encode_here(self, records: Iterable[Record]) -> Iterator[Document]:
        """Documents of a few records, encoded in this process."""
        for documents in self._encoder.encode(list(records)):
            yield from documents if isinstance(documents, list) else ()

    def encode(self, batches: Iterable[Batch], *, holdout: float) -> Iterator[EncodedBatch]:
        """Encode batches of one source.

        Args:
            batches: read as they are needed.
            holdout: see `encode_batch`.

        Raises:
            UserError: a process was ended from outside.
        """
        work, batches = Encode(self.tokenizer, self._settings, holdout=holdout), iter(batches)
        for batch in islice(batches, FEW - self._done):
            self._done += 1
            yield work.work(batch)
            del batch  # or it would be held while the others are read
        if (first := next(batches, None)) is None:  # nobody else is started for nothing
            return
        batches = chain(iter([first]), batches)
        del first
        try:
            for _, encoded in self._workers.spread(work, batches):
                yield encoded
        except WorkerKilled as error:
            if not isinstance(self._workers, Processes):
                raise
            raise UserError(
                "data: a process that encodes was ended from outside, as where memory is short; the same command "
                f"begins this set anew (data.encoders={self.processes // 2} takes less memory)"
            ) from error
