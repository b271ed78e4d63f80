"""vocabulary=chinese on a byte-level base: files, report and rows, as for a SentencePiece base."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from hypnos.corpus.sources import Source
from hypnos.errors import UserError
from hypnos.vocabulary.byte_level.alphabet import write_text
from hypnos.vocabulary.chinese import ChineseVocabulary
from hypnos.vocabulary.tokenizer import read_kind

ROOT = Path(__file__).parents[3]
Folder = Callable[..., Path]


def vocabulary(**settings: Any) -> ChineseVocabulary:
    source = Source(path=str(ROOT / "hypnos/sample/anesthesia.jsonl"), holdout=0.15)
    terms = str(ROOT / "specialty/anesthesia/terms.txt")
    given = {"sources": {"anesthesia": source}, "size": 3000, "terms": terms, "template": "{{ x }}", **settings}
    return ChineseVocabulary(**given)


@pytest.fixture(scope="module")
def llama3(build: Callable[..., PreTrainedTokenizerFast]) -> PreTrainedTokenizerFast:
    return build("llama3")


@pytest.fixture
def base(llama3: PreTrainedTokenizerFast, base_folder: Folder) -> Callable[..., str]:
    """A model with rows beyond its tokenizer's 2,503 pieces, as Qwen has them."""

    def make(*, tied: bool = False) -> str:
        folder = base_folder(2560, tied=tied, nothing="")
        llama3.save_pretrained(folder)
        return str(folder)

    return make


def test_files_and_report(base: Callable[..., str], tmp_path: Path, terms: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    vocabulary().write_tokenizer(base(tied=True), out)
    report = json.loads((out / "fertility.json").read_text("utf-8"))
    assert report["pieces"] == {"before": 2503, "after": 5503}
    assert report["terms_split"] == {"before": len(set(terms)), "after": []} and report["terms"] == len(terms)
    assert report["unreachable_pieces"] == []
    assert report["parameters_added"] == 3000 * 32  # tied: once
    kind = report["kinds"]["anesthesia"]
    assert kind["after"]["tokens_per_character"] < 0.9 < 2 < kind["before"]["tokens_per_character"]
    # What is left in bytes is punctuation, which stands in text without Han characters too.
    assert kind["after"]["byte_share"] < 0.2 < 0.9 < kind["before"]["byte_share"]
    assert (out / "fertility.png").is_file() and not (out / "tokenizer.model").exists()
    assert AutoTokenizer.from_pretrained(out).chat_template == "{{ x }}"


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("pad", "rows"), [(None, 5503), (64, 5504)])
def test_rows_of_new_pieces(tied: bool, pad: int | None, rows: int, base: Callable[..., str], tmp_path: Path) -> None:
    tokens, out, folder = tmp_path / "tokens", tmp_path / "out", base(tied=tied)
    tokens.mkdir()
    made = vocabulary(pad_to_multiple_of=pad)
    made.write_tokenizer(folder, tokens)
    assert made.read_config(folder, tokens).vocab_size == rows
    made.write_base(folder, tokens, out, dtype="float32", seed=0)
    model, read = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    assert len(read) == 5503 and len(embedding) == len(head) == model.config.vocab_size == rows
    assert (embedding is head) == tied == model.config.tie_word_embeddings
    # By hand: 醉 is three bytes to the base; the piece may stand on any row.
    old = vocabulary().plain().read_base(folder, tokens, dtype="float32", seed=0)
    bytes_ = read.convert_tokens_to_ids(list(write_text("醉")))
    row = read.convert_tokens_to_ids(write_text("醉"))
    assert row >= 2503 > max(bytes_)
    torch.testing.assert_close(embedding[row], old.get_input_embeddings().weight[bytes_].mean(0))
    torch.testing.assert_close(head[row], old.get_output_embeddings().weight[bytes_].mean(0))
    torch.testing.assert_close(embedding[:2503], old.get_input_embeddings().weight[:2503])


def test_a_base_of_neither_kind(tmp_path: Path, base_folder: Folder) -> None:
    folder = base_folder(100, nothing="")
    words = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", eos_token="<unk>").save_pretrained(folder)
    out = tmp_path / "out"
    out.mkdir()
    message = (
        r"base: neither a SentencePiece BPE model \(tokenizer\.model\) nor byte-level BPE .*; use vocabulary=none$"
    )
    with pytest.raises(UserError, match=message) as caught:
        vocabulary().write_tokenizer(str(folder), out)
    assert "\n" not in str(caught.value) and list(out.iterdir()) == []
    kind = read_kind(folder)
    assert kind.spell([]) == [] and kind.fragments() == set() and kind.unreachable() == []
