import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from pytorch_lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader
from transformers import LlamaConfig, LlamaForCausalLM

from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.corpus.sources import Source
from hypnos.tuning.compute.loss import Batch
from hypnos.tuning.export import describe_model
from hypnos.tuning.full import FullTuning
from hypnos.tuning.job import StageJob
from hypnos.tuning.lora import LoraTuning
from hypnos.tuning.schedule import cosine
from hypnos.vocabulary.base_vocabulary import OwnVocabulary
from hypnos.vocabulary.chinese import ChineseVocabulary

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "hypnos" / "sample"


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's tokenizer with the plain template: 1,500 pieces."""
    folder = tmp_path_factory.mktemp("tokenizer")
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    OwnVocabulary(template=template).write_tokenizer(str(SAMPLE / "base"), folder)
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


@pytest.fixture(scope="session")
def results(train_once: Callable[..., list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What the models of a run of two steps a stage achieve."""
    return train_once(steps=2)


@pytest.fixture(scope="session")
def directories(results: list[dict[str, Any]]) -> dict[str, Path]:
    """Of the models of `results`, by name."""
    return {row["name"]: Path(row["directory"]) for row in results if row["directory"]}


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


@pytest.fixture(scope="session")
def rows() -> Callable[..., list[Batch]]:
    """Makes rows of one document each, of unequal length and unequal number of labels."""

    def make(count: int, seed: int = 0) -> list[Batch]:
        generator = torch.Generator().manual_seed(seed)
        made = []
        for i in range(count):
            length = 8 + 5 * i
            ids = torch.randint(3, 1500, (length,), generator=generator)
            kept = torch.arange(length // 2, length)
            made.append(
                {
                    "input_ids": ids[None],
                    "position_ids": torch.arange(length)[None],
                    "cu_seqlens": torch.tensor([0, length]),
                    "max_seqlen": length,
                    "labels": ids[kept],
                    "logits_to_keep": kept - 1,
                    "characters": torch.tensor(len(kept)),
                }
            )
        return made

    return make


class Rows(LightningDataModule):
    """Rows of some optimizer steps, in order, and of held-out text."""

    def __init__(self, steps: Sequence[list[Batch]], held_out: Sequence[Batch]) -> None:
        super().__init__()
        self.held_out = list(held_out)
        self.batches: list[Batch] = []
        for step in steps:
            tokens = torch.tensor(sum(len(row["labels"]) for row in step))
            self.batches += [{**row, "step_tokens": tokens} for row in step]

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.batches, batch_size=None)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader | list[Any]:
        return DataLoader(self.held_out, batch_size=None) if self.held_out else []  # type: ignore[arg-type]


@pytest.fixture
def fit(tmp_path: Path) -> Callable[..., Trainer]:
    """Fits a module on rows, given step by step."""

    def run(module: Any, steps: Sequence[list[Batch]], held_out: Sequence[Batch] = (), **settings: Any) -> Trainer:
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            gradient_clip_val=0.0,
            accumulate_grad_batches=max(map(len, steps)),
            default_root_dir=str(tmp_path),
            **settings,
        )
        trainer.fit(module, datamodule=Rows(steps, held_out))
        return trainer

    return run


KEY = "a" * 64


def vocabulary_of(extended: bool, pad: int | None) -> OwnVocabulary:
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    if not extended:
        vocabulary = OwnVocabulary(template=template)
        vocabulary.pad_to_multiple_of = pad
        return vocabulary
    sources = {"anesthesia": Source(str(SAMPLE / "anesthesia.jsonl"), limit=60)}
    return ChineseVocabulary(sources=sources, size=1301, pad_to_multiple_of=pad, template=template)


@pytest.fixture(scope="session")
def make_base(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Path, OwnVocabulary]]:
    """A small base as a run makes it, with its tokenizer: each kind once."""
    made: dict[Any, tuple[Path, Path, OwnVocabulary]] = {}

    def make(*, tied: bool, extended: bool = False, pad: int | None = None) -> tuple[Path, Path, OwnVocabulary]:
        kind = (tied, extended, pad)
        if kind not in made:
            folder = tmp_path_factory.mktemp("base")
            base, tokenizer, directory = (folder / name for name in ("base", "tokenizer", "directory"))
            shutil.copytree(SAMPLE / "base", base)
            config = json.loads((base / "config.json").read_text("utf-8"))
            small = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2}
            small |= {"num_key_value_heads": 2, "tie_word_embeddings": tied}
            (base / "config.json").write_text(json.dumps(config | small), "utf-8")
            tokenizer.mkdir()
            directory.mkdir()
            vocabulary = vocabulary_of(extended, pad)
            vocabulary.write_tokenizer(str(base), tokenizer)
            vocabulary.write_base(str(base), tokenizer, directory, dtype="float32", seed=0)
            describe_model(directory, {"key": KEY})
            made[kind] = directory, tokenizer, vocabulary
        return made[kind]

    return make
