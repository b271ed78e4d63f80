"""Keeps sorted keys in a file, so that memory need not hold those of all records; they are read part by part."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Keys = tuple[NDArray[np.uint64], NDArray[np.uint32]]
"""Keys in order, and the number of the text of each."""


class SettledKeys:
    """A sorted run in a file without a name: it is gone with the process, however that ends.

    Attributes:
        length: all its keys.
    """

    def __init__(self, parts: Iterable[Keys], folder: Path | None) -> None:
        """Write parts one after another, as they come.

        Args:
            parts: of one run, in order.
            folder: on whose disk; None: that of temporary files.
        """
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._sizes: list[int] = []
        for keys, texts in parts:
            self._file.write(keys.tobytes())
            self._file.write(texts.tobytes())
            self._sizes.append(len(keys))
        self._file.flush()
        self.length = sum(self._sizes)

    def __iter__(self) -> Iterator[Keys]:
        """The parts as they were written, each read when it is wanted."""
        self._file.seek(0)
        for size in self._sizes:
            keys = np.fromfile(self._file, np.uint64, size)
            yield keys, np.fromfile(self._file, np.uint32, size)
