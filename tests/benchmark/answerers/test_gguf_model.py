"""A GGUF file behind llama.cpp's server: asked as the same weights are in this process, in words and by likelihood."""

import shutil
import stat
import sys
from pathlib import Path

import pytest

from hypnos.benchmark.answerers.gguf_model import GgufModel
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import PromptForm
from hypnos.llm.client import Client
from hypnos.llm.engine.gguf_file import GgufFile
from hypnos.llm.engine.llama_cpp import LlamaServer
from hypnos.llm.journal.journal import Journal

SERVER = Path(__file__).with_name("weights_server.py")
CHOICES = [
    {"id": "a", "question": "问？", "options": {"A": "一", "B": "二", "C": "很长的第三项"}, "answer": "B"},
    {"id": "b", "question": "<s> 之后？", "options": {"A": "气道", "B": "血压"}, "answer": "A"},
]


@pytest.fixture
def serve(directory, tmp_path, monkeypatch):
    """A file whose weights are those of `directory`, behind transformers in the place of llama.cpp."""
    folder = tmp_path / "quantised"
    shutil.copytree(directory, folder)
    (folder / "stage-q8_0.gguf").write_bytes(b"GGUF")
    program = tmp_path / "llama-server"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {SERVER} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")), tries=1)

    def make(template: str | None = "{{ 1 }}", **settings):
        def read(path):
            return GgufFile(file=path, context=512, control=("<s>", "</s>"), template=template)

        monkeypatch.setattr("hypnos.benchmark.answerers.gguf_model.read_gguf", read)
        engine = LlamaServer(llama_cpp=str(tmp_path), logs=str(tmp_path / "logs"))
        return GgufModel(path=str(folder / "stage-q8_0.gguf"), engine=engine, client=client, **settings)

    return make


def answers(model, task, request_type="generation"):
    groups = model.answer(task, task.items(), request_type, done=set())
    return sorted((one for group in groups for one in group), key=lambda one: one.item)


@pytest.mark.slow
def test_a_file_answers_as_its_weights_do_in_words_and_by_likelihood(directory, serve, make_task, questions):
    asked = make_task([*questions[:4], {"id": "x", "question": "</s> 之后？", "answers": ["答"]}], max_new_tokens=9)
    choices = make_task(CHOICES, name="choices", kind="choice", max_new_tokens=4)
    local, served = LocalModel(path=str(directory)), serve()
    served.check([asked, choices])
    here, there = answers(local, asked), answers(served, asked)
    assert [(one.answer, one.finished) for one in there] == [(one.answer, one.finished) for one in here]
    for request_type in ("letters", "texts", "yes_no"):
        here, there = answers(local, choices, request_type), answers(served, choices, request_type)
        assert [one.choice for one in there] == [one.choice for one in here]
        for one, other in zip(here, there, strict=True):
            assert other.likelihoods == pytest.approx(one.likelihoods, abs=1e-3)
    served.close()


def test_what_decides_answers_is_keyed_by_type_of_request(serve, make_task, questions):
    task = make_task(questions[:2], max_new_tokens=9)
    plain = serve()
    assert plain.name == "stage-q8_0"
    assert plain.key(task, "generation") != plain.key(task, "letters")
    drawn = serve(sampling={"temperature": 0.7, "top_p": 0.9, "repeats": 2})
    assert drawn.key(task, "generation") != plain.key(task, "generation")
    assert drawn.key(task, "letters") == plain.key(task, "letters")
    formed = serve(form=PromptForm(user="Q: {content}\nA: "))
    assert formed.key(task, "letters") != plain.key(task, "letters")
    assert serve(template=None).key(task, "letters") != plain.key(task, "letters")  # a plain form in its place
