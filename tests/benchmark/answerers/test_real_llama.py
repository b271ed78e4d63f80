"""llama.cpp itself beside our own engine: a stage as q8_0 chooses what the stage chooses, and says nearly what it says.

LLAMA_CPP names a checkout with llama-server built, HYPNOS_STAGE a stage; the library gguf is an extra.
"""

import os
import re
from pathlib import Path

import pytest
import yaml

from hypnos.benchmark.answerers.gguf_model import GgufModel
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.task import Task
from hypnos.export import export
from hypnos.llm.client import Client
from hypnos.llm.engine.llama_cpp import LlamaServer
from hypnos.llm.journal.journal import Journal
from hypnos.tuning.gguf.files import LlamaCpp

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (os.environ.get("LLAMA_CPP") and os.environ.get("HYPNOS_STAGE")),
        reason="LLAMA_CPP and HYPNOS_STAGE name no llama.cpp and no stage",
    ),
]


@pytest.fixture
def stage() -> Path:
    return Path(os.environ["HYPNOS_STAGE"])


def embedded(name: str, **settings) -> Task:
    """The embedded task of this name, in its own words."""
    choice = yaml.safe_load((ROOT / "conf/tasks/prompt/choice.yaml").read_text("utf-8"))
    words = {key: value for key, value in choice.items() if key != "_target_"}
    file = ROOT / "hypnos/sample/benchmark" / f"{name}.jsonl"
    return Task(name=name, kind="choice", path=str(file), prompt=Prompt(**words), metrics=("accuracy",), **settings)


TALK = [
    {"role": "system", "content": "你是麻醉医师。"},
    {"role": "user", "content": "丙泊酚？"},
    {"role": "assistant", "content": "2 mg/kg"},
    {"role": "user", "content": "罗库溴铵？"},
]


def as_ollama(modelfile: str, talk: list[dict[str, str]]) -> str:
    """The talk by the Modelfile's template, of whose language it takes a loop and a branch a role."""
    template = re.search(r'TEMPLATE """(.*)"""', modelfile, re.S)[1]
    loop, answer = re.fullmatch(
        r"\{\{ range \.Messages \}\}(.*)\{\{ end \}\}\{\{ end \}\}(.*)", template, re.S
    ).groups()
    branches = dict(re.findall(r'\{\{ (?:else )?if eq \.Role "(\w+)" \}\}(.*?)(?=\{\{ else if|\Z)', loop, re.S))
    return "".join(branches[turn["role"]].replace("{{ .Content }}", turn["content"]) for turn in talk) + answer


def test_a_stage_as_q8_0_chooses_what_it_chooses_here(stage, tmp_path, capsys):
    pytest.importorskip("gguf")
    checkout = os.environ["LLAMA_CPP"]
    smaller = ["q4_k_m"] if LlamaCpp(folder=Path(checkout)).find_program("llama-quantize") else []
    folder = tmp_path / "files"
    export(stage, ["q8_0", *smaller], folder, llama_cpp=Path(checkout), rules=None, ollama=True)
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")))
    engine = LlamaServer(llama_cpp=checkout, logs=str(tmp_path / "logs"))
    local = LocalModel(path=str(stage))
    tasks = [embedded(name, max_new_tokens=32) for name in ("anecq", "general")]
    kinds = ("letters", "texts", "generation")
    expected = {
        (task.name, kind): {
            one.item: one for group in local.answer(task, task.items(), kind, done=set()) for one in group
        }
        for task in tasks
        for kind in kinds
    }
    same: dict[tuple[str, str], list[bool]] = {}
    for name in ("q8_0", *smaller):
        served = GgufModel(path=str(folder / f"{stage.name}-{name}.gguf"), engine=engine, client=client)
        for task in tasks:
            for kind in kinds:
                groups = served.answer(task, task.items(), kind, done=set())
                there = {one.item: one for group in groups for one in group}
                here = expected[task.name, kind]
                same.setdefault((name, kind), []).extend(
                    there[item].answer == here[item].answer
                    if kind == "generation"
                    else there[item].choice == here[item].choice
                    for item in here
                )
        written, _ = served._chat.log_likelihoods(TALK, ["A"])  # as the server writes it by the file's own template
        assert as_ollama((folder / "Modelfile").read_text("utf-8"), TALK) == written.removeprefix("<s>")
        served.close()
    with capsys.disabled():
        lines = (f"{name}, {kind}: {sum(all_)} of {len(all_)} the same" for (name, kind), all_ in same.items())
        print("", *lines, sep="\n")
    for kind in ("texts", "letters"):
        counted = same["q8_0", kind]
        assert sum(counted) >= 0.99 * len(counted), kind
