"""Spreads batches of records over processes that encode them, and gives them back in the order in which they were read.

What is encoded does not depend on how many processes there are.
"""

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Self

from transformers import PreTrainedTokenizerFast

from hypnos.child_processes import end_with_parent, submit
from hypnos.corpus.records import Record
from hypnos.data.batch import Batch, EncodedBatch, encode_batch
from hypnos.data.encode import Document, Encoder, Reasoning
from hypnos.errors import UserError

FEW = 8
"""Batches that are encoded in this process: to start others takes as long as these do."""

AHEAD = 2
"""Batches a process that are read before they are needed: memory does not grow with the records."""


class Encoders:
    """Encodes in this process, and in others once there is much to encode. A context: they end with it."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        *,
        max_length: int,
        reasoning: Reasoning = "learn",
        processes: int | None = None,
    ) -> None:
        """Prepare to encode; nothing is started yet.

        Args:
            tokenizer: with its chat template.
            max_length: tokens of the longest document.
            reasoning: see `Encoder`.
            processes: that encode; None for one a core. With one it is this process.

        Raises:
            UserError: `max_length` leaves no room, or the template fails.
        """
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._settings: dict[str, Any] = {"max_length": max_length, "reasoning": reasoning}
        self._encoder = Encoder(tokenizer, **self._settings)
        self.processes = len(os.sched_getaffinity(0)) if processes is None else processes
        if multiprocessing.current_process().daemon:  # may not have processes of its own
            self.processes = 1
        self._done = 0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

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
        pending: deque[Future[EncodedBatch]] = deque()
        try:
            for batch in batches:
                if self._done < FEW or self.processes < 2:
                    self._done += 1
                    yield encode_batch(self._encoder, batch, holdout=holdout)
                    continue
                pending.append(self._submit(batch, holdout))
                if len(pending) > AHEAD * self.processes:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool as error:
            raise UserError(
                "data: a process that encodes was ended from outside, as where memory is short; the same command "
                f"begins this set anew (data.encoders={self.processes // 2} takes less memory)"
            ) from error

    def _submit(self, batch: Batch, holdout: float) -> Future[EncodedBatch]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self.processes, mp_context=context, initializer=_begin, initargs=(self.tokenizer, self._settings)
            )
        return submit(self._pool, _encode, batch, holdout)


_encoder: Encoder
"""Of a process that encodes; set once, when it begins."""


def _begin(tokenizer: PreTrainedTokenizerFast, settings: Mapping[str, Any]) -> None:
    global _encoder
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the other cores have processes of their own
    end_with_parent()
    _encoder = Encoder(tokenizer, **settings)
    gc.freeze()


def _encode(batch: Batch, holdout: float) -> EncodedBatch:
    return encode_batch(_encoder, batch, holdout=holdout)
