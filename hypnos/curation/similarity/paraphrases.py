"""Finds a benchmark's questions asked in other words: by the signs that both share, rare ones counting more."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

LEAST = 8
"""Different signs below which a question is too common to be told by them."""

AT_ONCE = 512
"""Questions compared with all items at a time."""

_SIGN = re.compile(r"[\u3400-\u9fff]|[a-z]+")


def signs_of(text: str) -> set[str]:
    """The Chinese signs and Latin words of a text."""
    return set(_SIGN.findall(text.lower()))


class Paraphrases:
    """Weighs the signs of items and questions by how rare they are, and compares the two as sets."""

    def __init__(self, items: Sequence[str], questions: Iterable[str]) -> None:
        """Take the items' questions, and those of the records, in which signs are counted."""
        counts: Counter[str] = Counter()
        total = 0
        own = [signs_of(item) for item in items]
        for signs in (*own, *map(signs_of, questions)):
            counts.update(signs)
            total += 1
        # Signs that no item has cannot meet one, but they count in a question's length.
        self._weights = {sign: math.log(total / count) for sign, count in counts.items()}
        self._unseen = math.log(max(total, 2))
        self._columns = {sign: number for number, sign in enumerate(sorted(set().union(*own)))}
        self._items = self._matrix([signs if len(signs) >= LEAST else set() for signs in own]).T.tocsc()

    def find(self, questions: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The item that each question is most like, and how like it is: the cosine, from 0 to 1."""
        nearest = np.zeros(len(questions), np.int64)
        likeness = np.zeros(len(questions))
        for start in range(0, len(questions), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            shared = (self._matrix([signs_of(text) for text in questions[part]]) @ self._items).toarray()
            nearest[part], likeness[part] = shared.argmax(1), shared.max(1)
        return nearest, likeness

    def _matrix(self, several: Sequence[set[str]]) -> sparse.csr_matrix:
        """`(texts, signs of items)`: roots of weights, over the root of the weights of all signs of a text."""
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, signs in enumerate(several):
            length = sum(sorted(self._weights.get(sign, self._unseen) for sign in signs)) or 1.0
            for sign in signs & self._columns.keys():
                rows.append(row)
                columns.append(self._columns[sign])
                values.append(math.sqrt(self._weights.get(sign, self._unseen) / length))
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(several), len(self._columns)))
        matrix.sort_indices()
        return matrix
