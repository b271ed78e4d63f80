"""Learns from the answers at hand what stands at the end of a sentence, to tell an answer that was cut off."""

import random
import re
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

SIGNS = 12
"""Signs before a place that are looked at."""

CASES = 60_000
"""Ends of sentences that are learnt from at most, and as many places within them."""

WITHIN = 5
"""Places drawn from within each answer."""

SLOTS = 1 << 20
SEEN = 3
"""How often a trait must occur to count: rarer ones would only be remembered."""

ROUNDS, PACE, RIDGE = 60, 0.5, 1.0

_END = re.compile(r"[。！？!?]")
_BREAKS = frozenset("。！？!?；;\n")
_MARKS = frozenset('。！？!?；;，,、：: \n\r\t.~～…)）("”“')
_PAUSES = "。！？!?；;，,、：:\n "


class SentenceEnds:
    """A logistic regression on the last signs before a place. Places where a sentence ends are told from others.

    Ends are what stands before a full stop, an exclamation or a question mark anywhere in an answer. How answers
    without such a mark end teaches nothing: it is what shall be judged.
    """

    def __init__(self, answers: Iterable[str], *, seed: int = 0) -> None:
        """Learn; the same answers teach the same."""
        chance = random.Random(seed)
        ends: list[str] = []
        within: list[str] = []
        for answer in answers:
            text = answer.rstrip()
            places = [match.start() for match in _END.finditer(text)]
            ends += [text[max(at - SIGNS, 0) : at] for at in places if at > SIGNS // 2 and text[at - 1] not in _MARKS]
            if len(text) > 2 * SIGNS:
                drawn = (chance.randrange(SIGNS, len(text)) for _ in range(WITHIN))
                inside = (at for at in drawn if text[at] not in _BREAKS and text[at - 1] not in _MARKS)
                within += [text[at - SIGNS : at] for at in inside]
        count = min(len(ends), len(within), CASES)
        ends, within = chance.sample(ends, count), chance.sample(within, count)
        self._weights, self._start = _train(_table([*ends, *within]), np.repeat([1.0, 0.0], count))

    def odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Logarithms of the odds that each text ends where a sentence does."""
        tails = [text.rstrip()[-SIGNS:] for text in texts]
        return np.array([self._start + self._weights[_traits(tail)].sum(dtype=np.float64) for tail in tails])


def _traits(tail: str) -> list[int]:
    """Numbers of what is seen at a text's end: its last signs, and how far back the last mark is."""
    pause = max(tail.rfind(mark) for mark in _PAUSES)
    since = len(tail) - 1 - pause
    traits = [f"{count}{tail[-count:]}" for count in range(1, 7)]
    traits += [
        f"b{tail[-2:-1]}",
        f"c{tail[-3:-1]}",
        f"d{tail[-4:-2]}",
        f"l{min(since, 9)}",
        f"L{min(since, 9)}{tail[-1:]}",
    ]
    if pause >= 0:
        traits += [f"m{tail[pause]}{tail[-1:]}", f"s{tail[pause + 1 : pause + 3]}|{tail[-2:]}"]
    return [zlib.crc32(trait.encode("utf-8", "surrogatepass")) % SLOTS for trait in traits]


def _table(tails: Sequence[str]) -> sparse.csr_matrix:
    rows = [_traits(tail) for tail in tails]
    columns = np.array([trait for row in rows for trait in row], dtype=np.int64)
    ends = np.cumsum([0, *map(len, rows)])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), SLOTS))


def _train(table: sparse.csr_matrix, labels: NDArray[np.float64]) -> tuple[NDArray[np.float32], float]:
    """Weights by Adagrad over all cases at once, with a ridge; and the constant term."""
    often = np.asarray(table.sum(0)).ravel() >= SEEN
    table = (table @ sparse.diags(often.astype(np.float32))).tocsr()
    turned = table.T.tocsr()
    weights = np.zeros(SLOTS, np.float32)
    steep = np.full(SLOTS, 1e-2, np.float32)
    start = 0.0
    for _ in range(ROUNDS):
        missed = (labels - 1 / (1 + np.exp(-(table @ weights + start)))).astype(np.float32)
        slope = turned @ missed - RIDGE * weights
        steep += slope * slope
        weights += PACE * slope / np.sqrt(steep)
        start += 0.1 * float(missed.sum()) / max(len(labels), 1)
    return weights, start
