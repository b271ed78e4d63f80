import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.task import Task

QUESTIONS = [
    {"id": f"q{i}", "question": f"{'很长的' * (i % 5)}第{i}个问题是什么？", "answers": ["答"]} for i in range(13)
]


@pytest.fixture(scope="session")
def questions() -> list[dict[str, Any]]:
    """Questions of several lengths."""
    return QUESTIONS


@pytest.fixture(scope="module")
def model(directory: Path) -> Any:
    """The small model itself."""
    return AutoModelForCausalLM.from_pretrained(directory).eval()


@pytest.fixture(scope="module")
def prompts(directory: Path) -> list[list[int]]:
    """Token ids of the questions, as its template puts them."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    turns = [[{"role": "user", "content": row["question"]}] for row in QUESTIONS]
    texts = [tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) for turn in turns]
    return tokenizer(texts, add_special_tokens=False)["input_ids"]  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def generate_alone() -> Callable[..., list[list[int]]]:
    """transformers' own greedy answers, each prompt alone."""

    def generate(model: Any, prompts: list[list[int]], stops: set[int], limit: int) -> list[list[int]]:
        answers = []
        for ids in prompts:
            written = model.generate(
                torch.tensor([ids]), max_new_tokens=limit, do_sample=False, eos_token_id=sorted(stops), pad_token_id=0
            )[0, len(ids) :].tolist()
            answers.append(written[: next((i for i, token in enumerate(written) if token in stops), len(written))])
        return answers

    return generate


@pytest.fixture(scope="session")
def likelihood_alone() -> Callable[..., float]:
    """Log-likelihood of a continuation from one plain forward pass over prompt and continuation."""

    @torch.inference_mode()
    def likelihood(model: Any, prompt: Sequence[int], continuation: Sequence[int]) -> float:
        logits = model(torch.tensor([[*prompt, *continuation]])).logits[0].float()
        values = torch.log_softmax(logits[len(prompt) - 1 : -1], -1)
        return float(sum(values[i, token] for i, token in enumerate(continuation)))

    return likelihood


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
