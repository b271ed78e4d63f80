"""CMRC2018's own way of comparing short answers, as a second number beside ours."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from hypnos.benchmark.metrics.metric import ItemMetric, Scores, sign
from hypnos.report.results import Metric

IGNORED = frozenset("-:_*^/\\~`+=，。：？！“”；’《》…·、「」（）－～『』")
"""Signs the published script passes over; Latin commas and full stops are not among them."""

HAN = "\u4e00-\u9fa5"


class Cmrc(ItemMetric):
    """Exact match, and F1 on the longest run that answer and reference share, in Chinese characters and Latin words.

    Described from what is published (Cui et al. 2019); the best reference counts. The script cuts Latin text with
    NLTK, here words and signs are told apart: answers with clitics such as "don't" may differ.
    """

    def notes(self) -> tuple[Metric, ...]:
        made_of = sign("seg:han characters, latin words", "norm:lower", "level:mean of answers", "refs:best")
        names = ("exact_match_cmrc_official", "f1_cmrc_official")
        return tuple(Metric(name=name, signature=made_of, family="characters") for name in names)

    def score(self, *, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:  # type: ignore[override]
        said = [_segments(prediction) for prediction in predictions]
        right = [[_segments(reference) for reference in of] for of in references]
        f1 = [max((_f1(segments, one) for one in of), default=0.0) for segments, of in zip(said, right)]
        same = [
            float(_bare(answer) in map(_bare, of) and bool(_bare(answer)))
            for answer, of in zip(predictions, references)
        ]
        return Scores({"exact_match_cmrc_official": np.array(same), "f1_cmrc_official": np.array(f1)})


def _bare(text: str) -> str:
    return "".join(sign for sign in text.lower().strip() if sign not in IGNORED)


def _segments(text: str) -> list[str]:
    return re.findall(rf"[{HAN}]|[^\s\W{HAN}]+|[^\s\w]", _bare(text))


def _f1(said: list[str], right: list[str]) -> float:
    shared = SequenceMatcher(a=right, b=said, autojunk=False).find_longest_match().size
    return 2 * shared / (len(said) + len(right)) if shared else 0.0
