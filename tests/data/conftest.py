import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from hypnos.corpus.sources import Source
from hypnos.data.datamodule import InstructionData
from hypnos.vocabulary.tokenizer import read_kind

ROOT = Path(__file__).parents[2]

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# Llama 2's own form: a blank stands before an answer and another before its end.
BLANKS = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ bos_token }}[INST] {{ message['content'] }} [/INST]"
    "{% else %} {{ message['content'] }} {{ eos_token }}{% endif %}{% endfor %}"
)

ROLES = ("<|user|>", "<|assistant|>")
PHI = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
TAKING = {"behind": {"rstrip": True}, "before": {"lstrip": True}, "both": {"lstrip": True, "rstrip": True}}
"""Tokenizers whose special tokens take the blanks beside them: those of Phi-3 take the ones behind."""


def train_byte_level() -> Tokenizer:
    texts = [
        line["instruction"] + line["output"]
        for line in map(json.loads, (ROOT / "hypnos/sample/general.jsonl").read_text("utf-8").splitlines()[:60])
    ]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([*texts, "user\n", "assistant\n"], trainer)
    return tokenizer


@pytest.fixture(scope="session")
def tokenizer_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tokenizers")
    folders = {name: root / name for name in ("plain", "blanks", "first", "chatml", "named", *TAKING)}
    plain = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    for name, template in {"plain": plain, "blanks": BLANKS}.items():
        read_kind(ROOT / "hypnos/sample/base").write(folders[name], template=template)
    # What transformers 5 writes for Llama 2: a blank stands before a text, and not behind a special token.
    llama = PreTrainedTokenizerFast.from_pretrained(folders["blanks"])
    settings = json.loads(llama.backend_tokenizer.to_str()) | {"normalizer": None}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(settings)), bos_token="<s>", eos_token="</s>"
    )
    blank = {"replacement": "▁", "prepend_scheme": "first"}
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(**blank, split=False)
    tokenizer.backend_tokenizer.decoder = decoders.Metaspace(**blank)
    tokenizer.chat_template = BLANKS
    tokenizer.save_pretrained(folders["first"])
    # Qwen names <|im_start|> among its special tokens; Llama 3 has its like only among the added ones.
    backend = train_byte_level()
    for name, named in {"chatml": [], "named": ["<|im_start|>"]}.items():
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=backend, eos_token="<|im_end|>", additional_special_tokens=named
        )
        tokenizer.chat_template = CHATML
        tokenizer.save_pretrained(folders[name])
    for name, sides in TAKING.items():
        tokens = {token: AddedToken(token, special=True, normalized=False, **sides) for token in ("<|end|>", *ROLES)}
        end = tokens.pop("<|end|>")
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=train_byte_level(), eos_token=end)
        tokenizer.add_special_tokens({"additional_special_tokens": list(tokens.values())})
        tokenizer.chat_template = PHI
        tokenizer.save_pretrained(folders[name])
    return folders


@pytest.fixture
def load(tokenizer_folders: dict[str, Path]) -> Callable[..., PreTrainedTokenizerFast]:
    def read(name: str, *, template: str | None = None) -> PreTrainedTokenizerFast:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folders[name])
        tokenizer.chat_template = template or tokenizer.chat_template
        return tokenizer

    return read


@pytest.fixture
def write_lines(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], str]:
    def write(name: str, rows: list[dict[str, Any]]) -> str:
        file = tmp_path / name
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        return str(file)

    return write


@pytest.fixture
def pairs() -> Callable[..., list[dict[str, Any]]]:
    """Numbered questions and answers, each in a group of its own."""

    def make(count: int, answer: str = "answer") -> list[dict[str, Any]]:
        return [{"question": f"q{n}", "answer": f"{answer} {n}", "group": f"g{n}"} for n in range(count)]

    return make


@pytest.fixture
def make_data(tmp_path: Path, tokenizer_folders: dict[str, Path]) -> Callable[..., InstructionData]:
    """Data of sources `s0`, `s1` and so on, with a tokenizer; their cache is in `tmp_path`."""

    def make(*sources: Source, tokenizer: str = "plain", **settings: Any) -> InstructionData:
        data = InstructionData(
            sources={f"s{number}": source for number, source in enumerate(sources)},
            cache=str(tmp_path / "cache"),
            **{"max_length": 64, "row_length": 128, "rows_per_step": 2, **settings},
        )
        return data.with_tokenizer(tokenizer_folders[tokenizer])

    return make
