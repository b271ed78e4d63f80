"""Measures short answers as CMRC2018's own script does, as a second number beside ours."""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np

from hypnos.benchmark.metrics.metric import ItemMetric, Scores, sign

IGNORED = frozenset("-:_*^/\\~`+=，。：？！“”；’《》…·、「」（）－～『』")
"""Signs the published script passes over; Latin commas and full stops are not among them."""

HAN = "\u4e00-\u9fa5"


class Cmrc(ItemMetric):
    """Exact match, and F1 on the longest run that answer and reference share, in Chinese characters and Latin words.

    Described from what is published (Cui et al. 2019); the best reference counts. The script cuts Latin text with
    NLTK, here words and signs are told apart: answers with clitics such as "don't" may differ.
    """

    def signatures(self) -> Mapping[str, str]:
        made_of = sign("seg:han characters, latin words", "norm:lower", "level:mean of answers", "refs:best")
        return dict.fromkeys(("exact_match_cmrc_official", "f1_cmrc_official"), made_of)

    def score(self, *, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:  # type: ignore[override]
        answers = [_segments(prediction) for prediction in predictions]
        right = [[_segments(reference) for reference in texts] for texts in references]
        f1 = [max((_f1(answer, text) for text in texts), default=0.0) for answer, texts in zip(answers, right)]
        same = [
            float(_bare(answer) in map(_bare, texts) and bool(_bare(answer)))
            for answer, texts in zip(predictions, references)
        ]
        return Scores({"exact_match_cmrc_official": np.array(same), "f1_cmrc_official": np.array(f1)})


def _bare(text: str) -> str:
    return "".join(sign for sign in text.lower().strip() if sign not in IGNORED)


def _segments(text: str) -> list[str]:
    return re.findall(rf"[{HAN}]|[^\s\W{HAN}]+|[^\s\w]", _bare(text))


def _f1(answer: list[str], right: list[str]) -> float:
    shared = SequenceMatcher(a=right, b=answer, autojunk=False).find_longest_match().size
    return 2 * shared / (len(answer) + len(right)) if shared else 0.0
