"""Promises about vocabularies, on two real base tokenizers."""

import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import sentencepiece as spm
import torch

from bench.promise import ROOT, SHARED, Promise
from hypnos.vocabulary.embeddings import mean_rows
from hypnos.vocabulary.fertility import measure_text, split_terms
from hypnos.vocabulary.han import read_terms
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.merge import extend_proto, load_proto, unreachable
from hypnos.vocabulary.sentencepiece.pieces import chain_terms, learn_pieces
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer

BASES = ("llama2_tokenizer", "mistral_v1_32000")
FERTILITY = {8_000: 0.78, 18_000: 0.71}


def real_bases() -> list[Promise]:
    """Exactness and fertility; the vocabularies never see the choice questions they are measured on."""
    if not SHARED.is_dir():
        return [Promise("real bases: ../shared/data is not here", None, 0)]
    everything = _everything()
    questions = ["\n".join([row["question"], *row["options"].values()]) for row in _rows("mcq")]
    corpus = [text for folder in ("qa", "reading") for row in _rows(folder) for text in _strings(row)]
    terms = read_terms(ROOT / "specialty" / "anesthesia" / "terms.txt")
    promises = []
    for base in BASES:
        proto = load_proto((SHARED / "tokenizers" / f"{base}.model").read_bytes(), base)
        for size, bound in FERTILITY.items():
            learnt = learn_pieces(corpus, int(size * 1.25), coverage=0.999)
            extended = extend_proto(proto, chain_terms(terms), learnt, size)
            fast = build_tokenizer(extended)
            kind = SentencePieceTokenizer(fast, extended)
            oracle = spm.SentencePieceProcessor(model_proto=extended.SerializeToString())
            ours = fast(everything, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            differing = sum(a != b for a, b in zip(ours, oracle.encode(everything), strict=True))
            broken = sum(fast.decode(ids) != text for ids, text in zip(ours, everything, strict=True))
            where = f"{base} + {size}"
            promises += [
                Promise(f"{where}: lines that differ from SentencePiece, of {len(everything)}", differing, 0),
                Promise(f"{where}: lines that do not come back", broken, 0),
                Promise(f"{where}: unreachable pieces", len(unreachable(extended)), 0),
                Promise(f"{where}: terms split", len(split_terms(kind, terms)), 0),
                Promise(
                    f"{where}: tokens per character, unseen questions",
                    measure_text(kind, questions)["tokens_per_character"],
                    bound,
                ),
            ]
    return promises


def new_rows() -> list[Promise]:
    """18,000 rows of width 4096 from a table of 32,000."""
    table = torch.randn(32_000, 4096).bfloat16()
    spellings = [row.tolist() for row in np.random.default_rng(0).integers(0, 32_000, (18_000, 6))]
    start = time.perf_counter()
    mean_rows(table, spellings)
    return [Promise("18,000 new rows at width 4096, seconds", time.perf_counter() - start, 5.0)]


def _rows(folder: str) -> Iterator[dict[str, Any]]:
    for file in sorted((SHARED / folder).glob("*.jsonl")):
        yield from map(json.loads, file.read_text("utf-8").splitlines())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _everything() -> list[str]:
    texts = {text for folder in ("qa", "mcq", "reading") for row in _rows(folder) for text in _strings(row)}
    texts |= {file.read_text("utf-8") for kind in ("*.txt", "*.md") for file in SHARED.rglob(kind)}
    return sorted(texts | {line for text in texts for line in text.split("\n")})
