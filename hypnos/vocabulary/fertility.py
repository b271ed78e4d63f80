"""Measures what a vocabulary costs and gains: tokens per character, fallback to bytes, pieces and terms that fail."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import PreTrainedTokenizerFast

from hypnos.report.figures.plots import grouped_bars
from hypnos.vocabulary.merge import unreachable

BYTE = re.compile(r"<0x[0-9A-F]{2}>")


def measure_text(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> dict[str, float]:
    """Count tokens on texts.

    Returns:
        `characters`, `tokens`, `tokens_per_character`, and `byte_share`, the share of tokens that are bytes.
    """
    vocabulary = tokenizer.get_vocab()
    bytes_ = {i for piece, i in vocabulary.items() if BYTE.fullmatch(piece)}
    tokens = fallen = 0
    for start in range(0, len(texts), 1000):
        batch = list(texts[start : start + 1000])
        for ids in tokenizer(batch, add_special_tokens=False, split_special_tokens=True)["input_ids"]:
            tokens += len(ids)
            fallen += sum(i in bytes_ for i in ids)
    characters = sum(map(len, texts))
    return {
        "characters": characters,
        "tokens": tokens,
        "tokens_per_character": tokens / max(characters, 1),
        "byte_share": fallen / max(tokens, 1),
    }


def split_terms(tokenizer: PreTrainedTokenizerFast, terms: Iterable[str]) -> list[str]:
    """Terms that are not one piece, alone or inside a plain sentence."""
    terms = list(terms)
    frames = ("{}", "患者予{}后血压下降。", "术中使用{}，观察疗效", "什么是{}？", "（{}）")
    broken = set()
    for frame in frames:
        for term in terms:
            if term not in tokenizer.tokenize(frame.format(term)):
                broken.add(term)
    return sorted(broken)


def report_fertility(
    directory: Path,
    *,
    before: PreTrainedTokenizerFast,
    after: PreTrainedTokenizerFast,
    proto: pb.ModelProto | None,
    texts: Mapping[str, Sequence[str]],
    terms: Sequence[str],
    parameters_added: int,
) -> dict[str, Any]:
    """Compare two tokenizers on held-out text by kind: draw `fertility.png`, return what `fertility.json` holds.

    Args:
        directory: where `fertility.png` goes.
        before: the base's tokenizer.
        after: the extended one.
        proto: the extended SentencePiece model, for the count of unreachable pieces.
        texts: held-out texts by kind.
        terms: that should be whole.
        parameters_added: by the new rows.
    """
    kinds = {
        kind: {"before": measure_text(before, lines), "after": measure_text(after, lines)}
        for kind, lines in texts.items()
        if lines
    }
    if kinds:
        grouped_bars(
            directory / "fertility.png",
            groups=list(kinds),
            bars={when: [kinds[kind][when]["tokens_per_character"] for kind in kinds] for when in ("before", "after")},
            ylabel="tokens per character",
            title="Fertility on held-out text",
        )
    return {
        "kinds": kinds,
        "unreachable_pieces": unreachable(proto, start=len(before)) if proto is not None else [],
        "terms": len(terms),
        "terms_split": {"before": len(split_terms(before, terms)), "after": split_terms(after, terms)},
        "pieces": {"before": len(before), "after": len(after)},
        "parameters_added": parameters_added,
    }
