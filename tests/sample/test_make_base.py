import re
from pathlib import Path

import pytest
import torch
from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import AutoConfig, AutoModelForCausalLM

from hypnos.sample import make_base

SAMPLE = Path(__file__).parents[2] / "hypnos" / "sample"


def test_the_base_is_tiny() -> None:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(SAMPLE / "base"))
    assert 1_000_000 <= model.num_parameters() <= 3_000_000
    assert sorted(file.name for file in (SAMPLE / "base").iterdir()) == [
        "config.json",
        "english.txt",
        "tokenizer.model",
    ]


def test_the_base_vocabulary_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = pb.ModelProto.FromString((make_base.FOLDER / "tokenizer.model").read_bytes())
    (tmp_path / "english.txt").write_bytes((make_base.FOLDER / "english.txt").read_bytes())
    monkeypatch.setattr(make_base, "FOLDER", tmp_path)
    make_base.main()
    made = pb.ModelProto.FromString((tmp_path / "tokenizer.model").read_bytes())
    # Not the bytes: they hold the trainer's own settings, which another version of SentencePiece may add to.
    assert list(made.pieces) == list(kept.pieces)
    assert made.normalizer_spec == kept.normalizer_spec


def test_the_base_text_is_english() -> None:
    assert not re.search(r"[\u3000-\u9fff]", (SAMPLE / "base" / "english.txt").read_text("utf-8"))
