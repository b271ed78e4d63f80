"""vLLM itself beside our own engine: the same greedy text up to where two tokens are almost as likely.

`make test-engine`; HYPNOS_ENGINE names the interpreter of an environment with vLLM, HYPNOS_STAGE a stage (else a small
random model is made, which has no opinions: near-ties come early).
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.served_model import ServedModel
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.engine.served_chat import ServedChat
from hypnos.llm.engine.vllm import Vllm
from hypnos.llm.journal.journal import Journal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("HYPNOS_ENGINE"), reason="HYPNOS_ENGINE names no interpreter with vLLM"),
]

ROOT = Path(__file__).parents[3]
PYTHON = str(Path(os.environ.get("HYPNOS_ENGINE", "")).absolute())

NEAR = 1e-3
"""Difference of two logits below which kernels of two engines may take the other token (float32)."""


@pytest.fixture
def engine(tmp_path):
    return Vllm(python=PYTHON, logs=str(tmp_path / "logs"), cpu_cache_gib=1.0, max_length=512, in_flight=8)


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
    ("settings", "cause"),
    [
        ({"options": {"quantization": "no-such"}}, "no-such"),
        ({"max_length": 10**9}, r"1000000000.*\[engine\.max_length\]"),
        ({"cpu_cache_gib": 10_000.0}, r"less than requested memory.*\[engine\.cpu_cache_gib\]"),
    ],
    ids=["flag", "length", "memory"],
)
def test_a_start_that_fails_is_one_line(stage, tmp_path, make_task, questions, settings, cause):
    given = {"logs": str(tmp_path / "logs"), "cpu_cache_gib": 1.0, **settings}
    engine = Vllm(python=PYTHON, **given)
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")))
    served = ServedModel(local=LocalModel(path=str(stage)), engine=engine, client=client, templates=tmp_path)
    task = make_task(questions[:1], max_new_tokens=4)
    with pytest.raises(UserError, match=rf"vLLM ended \(status \d+\): .*{cause}") as caught:
        list(served.answer(task, task.items(), "generation", done=set()))
    assert "\n" not in str(caught.value)
    assert not left_of_engines()


@pytest.mark.parametrize("what", ["architectures", "model_type"])
def test_a_model_that_the_engine_does_not_know_is_one_line(stage, engine, tmp_path, what):
    folder = shutil.copytree(stage, tmp_path / "unknown")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config |= {"architectures": ["NoSuchForCausalLM"], **({"model_type": "no-such"} if what == "model_type" else {})}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    chat = ServedChat(name="s", directory=str(folder), engine=engine)
    with pytest.raises(UserError, match=r"llm s: vLLM ended \(status \d+\): .*(no-such|NoSuchForCausalLM)") as caught:
        chat.prepare()
    assert "\n" not in str(caught.value)
    assert not left_of_engines()


def test_a_port_that_is_taken_is_one_line(stage, engine):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        chat = ServedChat(name="s", directory=str(stage), engine=replace(engine, port=taken))
        with pytest.raises(UserError, match=f"llm s: vLLM: port {taken} is taken by another process"):
            chat.prepare()
    assert not left_of_engines()


def test_a_worker_that_the_system_kills_while_it_starts_is_one_line(stage, engine):
    chat = ServedChat(name="s", directory=str(stage), engine=engine)

    def kill_the_worker() -> None:
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            for process in descendants(os.getpid()):
                if "VLLM::Worker" in name_of(process):
                    time.sleep(1)
                    os.kill(process, signal.SIGKILL)
                    return
            time.sleep(0.1)

    threading.Thread(target=kill_the_worker, daemon=True).start()
    with pytest.raises(UserError, match=r"ended without a word, as when the system kills it because memory ran out"):
        chat.prepare()
    assert not left_of_engines()


@pytest.mark.parametrize("victim", ["server", "engine", "command"])
def test_whatever_is_killed_leaves_no_process_and_the_same_command_goes_on(stage, tmp_path, victim):
    words = [
        *(sys.executable, str(ROOT / "evaluate.py"), f"models=[{stage}]", "tasks=[aneqa]", "engine=vllm"),
        *(f"engine.python={PYTHON}", "engine.cpu_cache_gib=1", "engine.max_length=512"),
        *("engine.in_flight=2", "tasks.aneqa.limit=16", "tasks.aneqa.max_new_tokens=48"),
        *(f"paths.artefacts={tmp_path / 'artefacts'}", f"paths.outputs={tmp_path / 'outputs'}"),
    ]
    journal = tmp_path / "artefacts" / "journal.sqlite"
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        while command.poll() is None and kept(journal) < 2:
            time.sleep(0.05)
        started = descendants(command.pid)
        names = {process: name_of(process) for process in started}
        chosen = {
            "command": [command.pid],
            "server": [process for process, name in names.items() if "vllm.entrypoints.cli.main" in name],
            "engine": [process for process, name in names.items() if "EngineCore" in name],
        }[victim]
        assert chosen and command.poll() is None, (names, command.stderr.read() if command.stderr else "")
        os.kill(chosen[-1], signal.SIGKILL)
        said = command.communicate(timeout=120)[1]
    if victim == "command":
        assert command.returncode == -signal.SIGKILL
    else:
        (line,) = (one for one in said.splitlines() if one.startswith("error: "))
        assert command.returncode == 1 and "vLLM" in line and "every reply is kept: start again to go on" in line
        assert "Traceback" not in said
        assert ("killed (signal 9" if victim == "server" else "ended without a word") in line
        print(line)
    deadline = time.monotonic() + 30
    while any(map(is_alive, started)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [name for process, name in names.items() if is_alive(process)]
    before = kept(journal)
    assert 2 <= before < 16
    again = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr[-2000:]
    assert kept(journal) == 16


def kept(journal: Path) -> int:
    """Replies in a journal."""
    try:
        with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM replies").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def descendants(process: int) -> list[int]:
    """Ids of all that a process started, and of what those started; what has ended is none of it."""
    file = Path(f"/proc/{process}/task")
    children = (
        [int(word) for one in file.glob("*/children") for word in one.read_text().split()] if file.is_dir() else []
    )
    return [found for child in children if is_alive(child) for found in (child, *descendants(child))]


def left_of_engines() -> list[str]:
    """What this process started of engines and still runs."""
    names = map(name_of, descendants(os.getpid()))
    return [name for name in names if "vllm" in name.lower() or "watcher.py" in name]


def is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def name_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""
