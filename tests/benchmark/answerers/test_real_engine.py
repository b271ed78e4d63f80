"""vLLM itself beside our own engine: the same greedy text up to where two tokens are almost as likely.

`make test-engine`; HYPNOS_ENGINE names the interpreter of an environment with vLLM, HYPNOS_STAGE a stage (else a small
random model is made, which has no opinions: near-ties come early).
"""

import os
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.served_model import ServedModel
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.engine.vllm import Vllm
from hypnos.llm.journal.journal import Journal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("HYPNOS_ENGINE"), reason="HYPNOS_ENGINE names no interpreter with vLLM"),
]

NEAR = 1e-3
"""Difference of two logits below which kernels of two engines may take the other token (float32)."""


@pytest.fixture
def engine(tmp_path):
    return Vllm(
        python=os.environ["HYPNOS_ENGINE"], logs=str(tmp_path / "logs"), cpu_cache_gib=1.0, max_length=512, in_flight=8
    )


@pytest.fixture(scope="module")
def stage(tmp_path_factory, spoken) -> Path:
    """The stage that is named, or a random Llama with heads of 32, the smallest that vLLM's kernels for CPUs take."""
    if os.environ.get("HYPNOS_STAGE"):
        return Path(os.environ["HYPNOS_STAGE"])
    torch.manual_seed(0)
    sizes = {"vocab_size": 1500, "hidden_size": 128, "intermediate_size": 256, "max_position_embeddings": 512}
    heads = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.2}
    config = LlamaConfig(**sizes, **heads, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    folder = tmp_path_factory.mktemp("small")
    LlamaForCausalLM(config).eval().save_pretrained(folder)
    copy_tokenizer(spoken, folder)
    return folder


def test_greedy_answers_are_equal_up_to_the_first_near_tie(stage, engine, make_task, questions, tmp_path, capsys):
    task = make_task(questions, max_new_tokens=32)
    local = LocalModel(path=str(stage))
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")))
    served = ServedModel(local=LocalModel(path=str(stage)), engine=engine, client=client, templates=tmp_path)
    with_ties = 0
    texts = {}
    for model in (served, local):
        groups = model.answer(task, task.items(), "generation", done=set())
        texts[model] = {one.item: one for group in groups for one in group}
    served.close()
    for item in task.items():
        ours, theirs = up_to_broken_bytes(texts[local][item.id].answer, texts[served][item.id].answer)
        if ours != theirs:
            gap = gap_where_they_part(local, local.render(task.messages(item)), ours, theirs)
            with capsys.disabled():
                print(f"\n{item.id}: parted at a difference of {gap:.1e} in the logits")
            assert gap < NEAR, (item.id, ours, theirs)
            with_ties += 1
    with capsys.disabled():
        print(f"\n{len(task.items())} answers, {len(task.items()) - with_ties} equal, {with_ties} parted at a near-tie")


def up_to_broken_bytes(*texts: str) -> tuple[str, ...]:
    """Texts up to the first bytes that are no character in any of them: engines write those, and what is about, their way."""
    end = min((text.find("\ufffd") for text in texts if "\ufffd" in text), default=None)
    return tuple(text[:end] for text in texts)


def gap_where_they_part(local: LocalModel, prompt: str, ours: str, theirs: str) -> float:
    """Difference of the logits of the two tokens with which two answers go on after what they share."""
    model, tokenizer = local.load(), local.text.tokenizer
    a, b = (local.encode([prompt + text])[0] for text in (ours, theirs))
    shared = next(i for i in range(max(len(a), len(b))) if a[i : i + 1] != b[i : i + 1])
    ends = tokenizer.eos_token_id
    with torch.inference_mode():
        logits = model(torch.tensor([a[:shared]])).logits[0, -1]
    first, second = (ids[shared] if shared < len(ids) else ends for ids in (a, b))
    return float((logits[first] - logits[second]).abs())


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"options": {"quantization": "no-such"}}, r"vLLM ended \(status \d+\)"),
        ({"max_length": 10**9}, r"vLLM ended \(status \d+\)"),
    ],
    ids=["flag", "memory"],
)
def test_a_start_that_fails_is_one_line(stage, tmp_path, make_task, questions, settings, line):
    engine = Vllm(python=os.environ["HYPNOS_ENGINE"], logs=str(tmp_path / "logs"), cpu_cache_gib=1.0, **settings)
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")))
    served = ServedModel(local=LocalModel(path=str(stage)), engine=engine, client=client, templates=tmp_path)
    task = make_task(questions[:1], max_new_tokens=4)
    with pytest.raises(UserError, match=line) as caught:
        list(served.answer(task, task.items(), "generation", done=set()))
    assert "\n" not in str(caught.value)
