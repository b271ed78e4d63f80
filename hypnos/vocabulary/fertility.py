"""Measures what a vocabulary costs and gains: tokens per character, fallback to bytes, pieces and terms that fail."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypnos.report.figures.plots import grouped_bars
from hypnos.vocabulary.kind import BaseTokenizer


def measure_text(kind: BaseTokenizer, texts: Sequence[str]) -> dict[str, float]:
    """Count tokens on texts.

    Returns:
        `characters`, `tokens`, `tokens_per_character`, and `byte_share`, the share of tokens that hold less than a
        character.
    """
    tokenizer, bytes_ = kind.tokenizer, kind.fragments()
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


def split_terms(kind: BaseTokenizer, terms: Iterable[str]) -> list[str]:
    """Terms that are not one piece, alone or inside a plain sentence."""
    terms = list(terms)
    frames = ("{}", "患者予{}后血压下降。", "术中使用{}，观察疗效", "什么是{}？", "（{}）")
    broken = set()
    for frame in frames:
        for term in terms:
            if kind.written(term) not in kind.tokenizer.tokenize(frame.format(term)):
                broken.add(term)
    return sorted(broken)


def report_fertility(
    directory: Path,
    *,
    before: BaseTokenizer,
    after: BaseTokenizer,
    texts: Mapping[str, Sequence[str]],
    terms: Sequence[str],
    parameters_added: int,
) -> dict[str, Any]:
    """Compare two tokenizers on held-out text by kind: draw `fertility.png`, return what `fertility.json` holds.

    Args:
        directory: where `fertility.png` goes.
        before: the base's tokenizer.
        after: the extended one.
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
        "unreachable_pieces": after.unreachable(start=len(before)),
        "terms": len(terms),
        "terms_split": {"before": len(split_terms(before, terms)), "after": split_terms(after, terms)},
        "pieces": {"before": len(before), "after": len(after)},
        "parameters_added": parameters_added,
    }
