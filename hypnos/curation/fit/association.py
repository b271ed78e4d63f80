"""Counts which words of answers go with which words of questions, and measures how well a pair agrees with that."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

WORDS = 6000
"""Words of questions, and of answers, that are counted: a table of 144 MB."""
RARE, COMMON = 3, 0.1
"""Texts, and share of the texts, between which a word is counted: those below and above tell little."""

_RUN = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class PairWords:
    """The words of a question and of its answer, and the pairs of signs that stand in each."""

    question: frozenset[str]
    answer: frozenset[str]
    question_signs: frozenset[str]
    answer_signs: frozenset[str]


def words_of(question: str, answer: str) -> PairWords:
    """Words as jieba's dictionary has them, and neighbouring signs; figures and punctuation are none."""
    import rjieba

    words = (frozenset(word for word in rjieba.cut(text) if _RUN.match(word)) for text in (question, answer))
    signs = (
        frozenset(run[i : i + 2] for run in _RUN.findall(text) for i in range(len(run) - 1))
        for text in (question, answer)
    )
    return PairWords(*words, *signs)


class Association:
    """How often words of a question and words of its answer stand in one record."""

    def __init__(self, pairs: Sequence[PairWords]) -> None:
        self.records = len(pairs)
        self._questions = _vocabulary([pair.question for pair in pairs])
        self._answers = _vocabulary([pair.answer for pair in pairs])
        signs: Counter[str] = Counter()
        for pair in pairs:
            signs.update(pair.question_signs)
            signs.update(pair.answer_signs)
        self._weights = {sign: math.log(2 * self.records / count) for sign, count in signs.items()}
        asked = _matrix([_numbers(pair.question, self._questions) for pair in pairs], len(self._questions))
        answered = _matrix([_numbers(pair.answer, self._answers) for pair in pairs], len(self._answers))
        self._together = np.asarray((asked.T @ answered).todense(), dtype=np.float32)
        self._asked = np.asarray(asked.sum(0)).ravel()
        self._answered = np.asarray(answered.sum(0)).ravel()

    def measure(self, pair: PairWords, *, counted: bool) -> list[float]:
        """Six numbers about a pair of question and answer.

        Args:
            pair: its words.
            counted: whether it is one of those that were counted; it is then taken out, as it would prove itself.

        Returns:
            How much likelier the answer's words are after the question's than anywhere (log, by the root of their
            number); the same the other way round; the weight of signs that stand in both, as a root, and as a share of
            the shorter one's; roots of the words counted on both sides.
        """
        asked, answered = _numbers(pair.question, self._questions), _numbers(pair.answer, self._answers)
        forward = back = 0.0
        if len(asked) and len(answered):
            own = float(counted)
            together = self._together[asked[:, None], answered] - own
            of_question, of_answer = self._asked[asked] - own, self._answered[answered] - own
            forward = self._gain((together / np.maximum(of_question, 1)[:, None]).mean(0), of_answer)
            back = self._gain((together / np.maximum(of_answer, 1)).mean(1), of_question)
        shared = self._weight(pair.question_signs & pair.answer_signs)
        shorter = min(self._weight(pair.question_signs), self._weight(pair.answer_signs))
        roots = (math.sqrt(len(asked)), math.sqrt(len(answered)))
        return [forward, back, math.sqrt(shared), shared / max(shorter, 1.0), *roots]

    def _gain(self, chances: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
        anywhere = (counts + 0.5) / self.records
        return float(np.log(0.5 * chances / anywhere + 0.5).sum() / math.sqrt(len(counts)))

    def _weight(self, signs: Iterable[str]) -> float:
        # Sorted: sums of floats in another order differ in their last digit, and sets have none.
        unseen = math.log(2 * self.records)
        return sum(sorted(self._weights.get(sign, unseen) for sign in signs))


def _vocabulary(texts: Sequence[frozenset[str]]) -> dict[str, int]:
    counts = Counter(word for text in texts for word in text)
    usual = [word for word, count in counts.items() if RARE <= count <= max(COMMON * len(texts), RARE)]
    chosen = sorted(usual, key=lambda word: (-counts[word], word))[:WORDS]
    return {word: number for number, word in enumerate(chosen)}


def _numbers(words: frozenset[str], vocabulary: dict[str, int]) -> NDArray[np.int64]:
    return np.array(sorted(vocabulary[word] for word in words if word in vocabulary), dtype=np.int64)


def _matrix(numbers: Sequence[NDArray[np.int64]], width: int) -> sparse.csr_matrix:
    ends = np.cumsum([0, *map(len, numbers)])
    columns = np.concatenate([*numbers, np.empty(0, np.int64)])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(numbers), width))
