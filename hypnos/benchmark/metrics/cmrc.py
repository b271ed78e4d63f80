"""Measures short answers as CMRC2018's own script does, as a second number beside ours."""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from hypnos.benchmark.metrics.metric import ItemMetric, Scores, sign

IGNORED = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
"""Signs the published script passes over. Latin commas and full stops are not among them, and neither is the sign of an
ellipsis: the script lists it doubled, and compares one character at a time."""

HAN = re.compile("[\u4e00-\u9fa5]")


class Cmrc(ItemMetric):
    """Exact match, and F1 on the longest run that answer and reference share, as CMRC2018 publishes it.

    Han characters stand alone; what stands between them is cut by NLTK's tokenizer of English (Cui et al. 2019, and
    its script); the best reference counts. NLTK's model of sentence ends is not downloaded: every full stop before a
    blank ends a sentence, but for single letters and numbers, so that "dr. li" is cut otherwise.
    """

    def signatures(self) -> Mapping[str, str]:
        cut = f"seg:han characters, nltk-{version('nltk')}, sentences without a model"
        made_of = sign(cut, "norm:lower", "level:mean of answers", "refs:best", "cmrc:2")
        return dict.fromkeys(("exact_match_cmrc_official", "f1_cmrc_official"), made_of)

    def score(self, *, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:  # type: ignore[override]
        answers = [_segments(prediction) for prediction in predictions]
        right = [[_segments(reference) for reference in texts] for texts in references]
        f1 = [max((_f1(answer, text) for text in texts), default=0.0) for answer, texts in zip(answers, right)]
        same = [float(_bare(answer) in map(_bare, texts)) for answer, texts in zip(predictions, references)]
        return Scores({"exact_match_cmrc_official": np.array(same), "f1_cmrc_official": np.array(f1)})


def _bare(text: str) -> str:
    return "".join(sign for sign in text.lower().strip() if sign not in IGNORED)


def _segments(text: str) -> list[str]:
    segments: list[str] = []
    start, bare = 0, _bare(text)
    for match in HAN.finditer(bare):
        segments += [*_latin(bare[start : match.start()]), match[0]]
        start = match.end()
    return segments + _latin(bare[start:])


def _latin(text: str) -> list[str]:
    """Text between Han characters: words and signs, sentence by sentence."""
    if not text.strip():
        return []
    sentences, words = _nltk()
    return [word for sentence in sentences.tokenize(text) for word in words.tokenize(sentence)]


@lru_cache(maxsize=1)
def _nltk() -> tuple[Any, Any]:
    from nltk.tokenize.destructive import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    return PunktSentenceTokenizer(), NLTKWordTokenizer()


def _f1(answer: list[str], right: list[str]) -> float:
    shared = SequenceMatcher(a=right, b=answer, autojunk=False).find_longest_match().size
    return 2 * shared / (len(answer) + len(right)) if shared else 0.0
