import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import LlamaConfig, LlamaForCausalLM

from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.task import Task
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's tokenizer, 1,500 pieces, with the plain template."""
    folder = tmp_path_factory.mktemp("spoken")
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    OwnVocabulary(template=template).write_tokenizer(str(ROOT / "hypnos/sample/base"), folder)
    return folder


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory, spoken: Path) -> Path:
    """A small Llama with random weights: it says different things after different prompts."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=1500,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        max_position_embeddings=512,
        initializer_range=0.2,
    )
    folder = tmp_path_factory.mktemp("small")
    LlamaForCausalLM(config).eval().save_pretrained(folder)
    copy_tokenizer(spoken, folder)
    return folder


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """A task from rows, in plain words."""

    def make(rows: list[dict[str, Any]], *, name: str = "own", kind: str = "question", **settings: Any) -> Task:
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        words = {
            "question": "{question}",
            "choice": "{question}\n{options}\n答案：",
            "reading": "{passage}\n{question}",
        }
        metrics = ("accuracy",) if kind == "choice" else ("f1",)
        given = {"prompt": Prompt(template=words[kind]), "metrics": metrics, **settings}
        return Task(name=name, kind=kind, path=str(file), **given)  # type: ignore[arg-type]

    return make
