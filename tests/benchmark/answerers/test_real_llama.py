"""llama.cpp itself beside our own engine: a stage as q8_0 chooses what the stage chooses, and says nearly what it says.

LLAMA_CPP names a checkout with llama-server built, HYPNOS_STAGE a stage; the library gguf is an extra.
"""

import os
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


def test_a_stage_as_q8_0_chooses_what_it_chooses_here(stage, tmp_path, capsys):
    pytest.importorskip("gguf")
    checkout = os.environ["LLAMA_CPP"]
    export(stage, ["q8_0"], tmp_path / "files", llama_cpp=Path(checkout), rules=None, ollama=True)
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")))
    engine = LlamaServer(llama_cpp=checkout, logs=str(tmp_path / "logs"))
    file = tmp_path / "files" / f"{stage.name}-q8_0.gguf"
    served, local = GgufModel(path=str(file), engine=engine, client=client), LocalModel(path=str(stage))
    same: dict[str, list[bool]] = {"letters": [], "generation": []}
    for task in (embedded("anecq", max_new_tokens=32), embedded("general", max_new_tokens=32)):
        for kind, counted in same.items():
            by_model = []
            for model in (served, local):
                groups = model.answer(task, task.items(), kind, done=set())
                by_model.append({one.item: one for group in groups for one in group})
            there, here = by_model
            counted += [
                there[item].choice == here[item].choice
                if kind == "letters"
                else there[item].answer == here[item].answer
                for item in here
            ]
    served.close()
    with capsys.disabled():
        print("".join(f"\n{kind}: {sum(counted)} of {len(counted)} the same" for kind, counted in same.items()))
    assert sum(same["letters"]) >= 0.99 * len(same["letters"])
