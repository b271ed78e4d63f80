"""Promises about the benchmark: likelihoods of another program, and the speed of answering."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

import torch
import yaml
from transformers import PreTrainedTokenizerFast

from bench.environment import interpreter
from bench.promise import ROOT, SHARED, Promise
from hypnos.benchmark.answerers.likelihood_prompts import choose_per_character, make_questions
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import PromptForm
from hypnos.benchmark.inference.generate import BatchRow, batches, decode
from hypnos.benchmark.items import Item
from hypnos.benchmark.predictions import RequestType
from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.task import Task
from hypnos.vocabulary.base_vocabulary import OwnVocabulary

PINNED = ("torch==2.13.0", "lm-eval[hf]==0.4.11")
SIZES = ("8", "32")
"""Batch sizes the other program is tried with; its best time counts."""

QUESTIONS = 200
"""Of each file of choice questions, at most."""

NEW_TOKENS = 192
"""Long enough that some stories end and others do not."""


@contextmanager
def _one_core() -> Iterator[None]:
    """Both sides on one core: what shares a machine cannot then make one of them wait for its other threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@_one_core()
def likelihood_of_a_peer() -> list[Promise]:
    """lm-evaluation-harness on the same model, prompts and questions, side by side, both from texts to numbers."""
    base = SHARED / "models" / "stories15M"
    if not base.is_dir():
        return [Promise("stories15M: ../shared/data is not here", None, 0)]
    python = interpreter("lm-eval", PINNED)
    promises: list[Promise] = []
    seconds, best = [], []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        # No blank at a prompt's end: there the two programs cut prompt from option at different places.
        given: Any = {"path": str(_whole_directory(base, folder)), "device": "cpu", "form": PromptForm()}
        models = LocalModel(**given), LocalModel(**given, dtype="float64")
        for name in ("anesthesia_mcq_dev", "medical_mcq_sample"):
            task = _task(SHARED / "mcq" / f"{name}.jsonl")
            for request_type in ("letters", "texts"):
                found, ours, theirs = _side_by_side(*models, task, request_type, python, folder, name)
                promises += found
                seconds.append(ours)
                best.append(theirs)
    parts = ", ".join(f"{ours:.1f} of {theirs:.1f} s" for ours, theirs in zip(seconds, best, strict=True))
    what = f"likelihood: share of lm-eval's time ({parts}; its best of batches of {' and '.join(SIZES)})"
    return [*promises, Promise(what, sum(seconds) / sum(best), 0.25)]


def _side_by_side(
    model: LocalModel, exact: LocalModel, task: Task, request_type: RequestType, python: Path, folder: Path, name: str
) -> tuple[list[Promise], float, float]:
    """Promises of equality, and the seconds of both, in float32.

    Over sixty tokens float32 rounds by about the bound in either program, so that they are compared in float64.
    """
    items, asked = _fitting(model, task, request_type)
    rows = [
        {"prompt": text, "choices": list(question.continuations), "gold": question.letters.index(item.answers[0])}
        for item, (text, question) in zip(items, asked, strict=True)
    ]
    file = folder / "questions.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    list(model.answer(task, items[:16], request_type, done=set()))  # warm, as the other's first batch size warms it
    ours = []
    for _ in SIZES:  # as often as the other
        start = time.perf_counter()
        found = {one.item: one for group in model.answer(task, items, request_type, done=set()) for one in group}
        ours.append(time.perf_counter() - start)
    theirs = _ask_peer(python, model.folder, file, folder, "float32", *SIZES)
    rounded = [list((found[item.id].likelihoods or {}).values()) for item in items]
    exactly = {one.item: one for group in exact.answer(task, items, request_type, done=set()) for one in group}
    mine = [list((exactly[item.id].likelihoods or {}).values()) for item in items]
    others = _ask_peer(python, model.folder, file, folder, "float64", SIZES[0])["likelihoods"]
    apart = f"{_largest(rounded, theirs['likelihoods']):.1e}"
    off = f"ours {_largest(rounded, mine):.1e}, lm-eval's {_largest(theirs['likelihoods'], others):.1e}"
    accuracy = sum(found[item.id].choice == item.answers[0] for item in items) / len(items)
    promises = [
        Promise(
            f"{name}, {request_type}: log-likelihood against lm-eval, both in float64, "
            f"largest difference of {len(items)} items (both in float32 {apart}; what rounding takes of that: {off})",
            _largest(mine, others),
            1e-4,
        ),
        Promise(
            f"{name}, {request_type}: accuracy against lm-eval, difference", abs(accuracy - theirs["accuracy"]), 0.0
        ),
    ]
    if request_type == "texts":
        per_character = sum(
            choose_per_character(found[item.id].likelihoods or {}, item) == item.answers[0] for item in items
        )
        gap = abs(per_character / len(items) - theirs["accuracy_per_character"])
        promises.append(
            Promise(f"{name}, {request_type} per character: accuracy against lm-eval, difference", gap, 0.0)
        )
    return promises, min(ours), min(theirs["seconds"].values())


def _largest(some: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> float:
    pairs = zip(chain.from_iterable(some), chain.from_iterable(others), strict=True)
    return max(abs(a - b) for a, b in pairs)


def _ask_peer(python: Path, model: Path, questions: Path, folder: Path, dtype: str, *sizes: str) -> dict[str, Any]:
    script, answers = Path(__file__).with_name("lm_eval_peer.py"), folder / "answers.json"
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home"), "TOKENIZERS_PARALLELISM": "true"}
    done = subprocess.run(
        [str(python), str(script), str(model), str(questions), str(answers), dtype, *sizes],
        capture_output=True,
        text=True,
        env={**os.environ, **quiet, "OMP_NUM_THREADS": "1"},
        cwd=folder,
    )
    if done.returncode:
        raise RuntimeError(f"lm-evaluation-harness: {done.stderr[-2000:]}")
    return json.loads(answers.read_text())  # type: ignore[no-any-return]


def _fitting(model: LocalModel, task: Task, request_type: RequestType) -> tuple[list[Item], list[tuple[str, Any]]]:
    """Single-answer items that the model's context holds, with what is asked about each."""
    items, asked = [], []
    everything = task.items()
    for question in make_questions(task, everything, request_type):
        text = model.render(question.messages)
        longest = max(len(ids) for ids in model.encode([text + choice for choice in question.continuations]))
        if longest <= model.max_length:
            items.append(everything[question.item])
            asked.append((text, question))
    return items, asked


@_one_core()
def generation_speed() -> list[Promise]:
    """Greedy answers against plain padded batches of eight in file order, on two models, in one run."""
    stages = sorted(ROOT.glob("outputs/*/*/results.json"), key=lambda file: file.stat().st_mtime)
    promises = []
    base = SHARED / "models" / "stories15M"
    if base.is_dir():
        with tempfile.TemporaryDirectory() as made:
            model = LocalModel(path=str(_whole_directory(base, Path(made))), device="cpu")
            # Openings of children's stories, the only thing this model can go on with, of several lengths.
            stories = [f"Once upon a time there was a {a} {b} who {c}" for a in SMALL for b in ANIMALS for c in DEEDS]
            promises += _against_plain(model, model.encode([f"<s>{text}" for text in stories]), "stories15M", {1, 2})
    if stages:
        found = json.loads(stages[-1].read_text("utf-8"))[-1]["directory"]
        if (ROOT / found).is_dir():
            model = LocalModel(path=str(ROOT / found), device="cpu")
            task = _task(ROOT / "hypnos/sample/benchmark/aneqa.jsonl", kind="question")
            prompts = model.encode([model.render(task.messages(item)) for item in task.items()])
            promises += _against_plain(model, prompts, "the sample's last stage", {2})
    return promises or [Promise("generation: no model is here", None, 0)]


SMALL = ("little", "big brown", "very old and very tired", "small")
ANIMALS = ("dog", "girl named Lily", "cat with a long tail and soft fur", "bird")
DEEDS = (
    *("loved to play", "went to the park with her mom and saw a red ball", "was sad", "liked the sun. One day,"),
    *("had no friends at all", "found a small box under the bed and", "could fly", "wanted to eat the big cake but"),
)


def _against_plain(model: LocalModel, prompts: Sequence[Sequence[int]], name: str, stops: set[int]) -> list[Promise]:
    weights = model.load()
    turns = [
        (_timed(lambda: _plain(weights, prompts, stops)), _timed(lambda: _ours(model, weights, prompts, stops)))
        for _ in range(2)
    ]
    (plain, _), (ours, _) = turns[0]
    plain_rate, rate = (max(sum(map(len, said)) / seconds for said, seconds in side) for side in zip(*turns))
    differing = sum(a != b for a, b in zip(plain, ours, strict=True))
    what = f"{name}: plain batches' share of our tokens/s ({plain_rate:,.0f} of {rate:,.0f}, {len(prompts)} prompts)"
    return [
        Promise(f"{name}: greedy answers that differ from plain batches, of {len(prompts)}", differing, 0),
        Promise(what, plain_rate / rate, 0.4),
    ]


def _timed(work: Any) -> tuple[list[list[int]], float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


@torch.inference_mode()
def _plain(model: Any, prompts: Sequence[Sequence[int]], stops: set[int]) -> list[list[int]]:
    answers: list[list[int]] = []
    for start in range(0, len(prompts), 8):
        batch = prompts[start : start + 8]
        longest = max(map(len, batch))
        ids = torch.tensor([[0] * (longest - len(one)) + list(one) for one in batch])
        mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in batch])
        said = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            eos_token_id=sorted(stops),
            pad_token_id=0,
        )
        answers += [list(takewhile(lambda token: token not in stops, row)) for row in said[:, longest:].tolist()]
    return answers


def _ours(model: LocalModel, weights: Any, prompts: Sequence[Sequence[int]], stops: set[int]) -> list[list[int]]:
    answers: list[list[int]] = [[] for _ in prompts]
    for batch in batches([len(one) + NEW_TOKENS for one in prompts], tokens=model.tokens_at_once(), rows=model.rows):
        rows = [BatchRow(prompt=prompts[i], limit=NEW_TOKENS) for i in batch]
        for i, (ids, *_) in zip(batch, decode(weights, rows, stops=stops, pad=0), strict=True):
            answers[i] = ids
    return answers


def _task(path: Path, *, kind: str = "choice") -> Task:
    prompt = yaml.safe_load((ROOT / f"conf/tasks/prompt/{kind}.yaml").read_text("utf-8"))
    del prompt["_target_"]
    given: Any = {"name": path.stem, "kind": kind, "path": str(path), "prompt": Prompt(**prompt), "metrics": ()}
    return Task(**given, limit=QUESTIONS)


def _whole_directory(base: Path, folder: Path) -> Path:
    """The base with its tokenizer as both programs can read it, and a chat template."""
    template = yaml.safe_load((ROOT / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    vocabulary, tokenizer, directory = OwnVocabulary(template=template), folder / "tokenizer", folder / "stories15M"
    for made in (tokenizer, directory):
        made.mkdir()
    vocabulary.write_tokenizer(str(base), tokenizer)
    vocabulary.write_base(str(base), tokenizer, directory, dtype="float32", seed=None)
    assert len(PreTrainedTokenizerFast.from_pretrained(directory)) == 32000
    return directory
