from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import LlamaConfig, LlamaForCausalLM

from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.tuning.full import FullTuning
from hypnos.tuning.job import StageJob
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.schedule import cosine
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample" / "base"


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's tokenizer with the plain template: 1,500 pieces."""
    folder = tmp_path_factory.mktemp("tokenizer")
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    OwnVocabulary(template=template).write_tokenizer(str(SAMPLE), folder)
    return folder


@pytest.fixture(scope="session")
def small_model() -> Callable[..., LlamaForCausalLM]:
    def make(*, tied: bool = False, rows: int = 1500) -> LlamaForCausalLM:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=rows,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=tied,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
            initializer_range=0.2,
        )
        return LlamaForCausalLM(config).eval()

    return make


@pytest.fixture
def small_directory(tmp_path: Path, tokenizer: Path, small_model: Callable[..., Any]) -> Callable[..., Path]:
    def write(**settings: Any) -> Path:
        folder = tmp_path / "base"
        small_model(**settings).save_pretrained(folder)
        copy_tokenizer(tokenizer, folder)
        return folder

    return write


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., StageJob]:
    """A stage's job, of which only what is said matters."""

    def make(**fields: Any) -> StageJob:
        paths = dict.fromkeys(("parent", "tokenizer", "output"), tmp_path)
        texts = {"name": "general", "key": "k" * 64, "parent_key": "p" * 64, "base": "base", "dtype": "float32"}
        return StageJob(**{"seed": 0, "settings": {}, "lineage": {}, **paths, **texts, **fields})

    return make


SHARED = {
    "optimizer": partial(torch.optim.AdamW, fused=True),
    "schedule": partial(cosine, warmup=0.0),
}


@pytest.fixture
def lora() -> Callable[..., LoraTuning]:
    def make(**settings: Any) -> LoraTuning:
        layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
        return LoraTuning(**{"lr": 1e-2, "r": 4, "lora_alpha": 8, "target_modules": layers, **SHARED, **settings})

    return make


@pytest.fixture
def full() -> Callable[..., FullTuning]:
    def make(**settings: Any) -> FullTuning:
        return FullTuning(**{"lr": 1e-2, **SHARED, **settings})

    return make
