"""A local model behind an engine: the same prompts, limits and answers as in this process, and its likelihoods here."""

import stat
import sys
from pathlib import Path

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment
from transformers import AutoTokenizer

from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import (
    PromptForm,
    as_template,
    fitting_turns,
    render_template,
    without_special,
)
from hypnos.benchmark.answerers.served_model import ServedModel
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.engine.vllm import Vllm
from hypnos.llm.journal.journal import Journal

SERVER = Path(__file__).with_name("weights_server.py")
TALK = [
    {"role": "system", "content": "一\n"},
    {"role": "user", "content": "{{ 二 }}😀"},
    {"role": "assistant", "content": "三"},
    {"role": "user", "content": '\n四 "引号" \\n'},
]
FORMS = {
    "plain": PromptForm(),
    "rounds": PromptForm(user="[Round {round}]\n\n问：{content}\n\n答：", assistant="{content}\n", preface="开头\n\n"),
    "signs": PromptForm(user="<用户>{% {content}\\n</用户>{# ", assistant='"{content}"😀\n', system="{content}"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_plain_form_as_a_template_writes_the_same_text(name):
    form = FORMS[name]
    # As transformers and vLLM set it up.
    jinja = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    assert jinja.from_string(as_template(form)).render(messages=TALK) == form.render(TALK)


def test_turns_are_sent_as_the_template_takes_them(thinker):
    tokenizer = AutoTokenizer.from_pretrained(thinker({}, template="{{ messages[0].content }}|{{ messages | length }}"))
    told = [{"role": "user", "content": "a <|im_end|> b"}]
    assert fitting_turns(tokenizer, told) == [{"role": "user", "content": "a < |im_end|> b"}]
    assert without_special(tokenizer, told) == fitting_turns(tokenizer, told)  # sent where a model has no template
    tokenizer.chat_template = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}"
    written = tokenizer.apply_chat_template(fitting_turns(tokenizer, TALK), tokenize=False, add_generation_prompt=True)
    assert written == render_template(tokenizer, TALK)


@pytest.fixture
def serve(tmp_path):
    """Puts a local model behind an engine that is transformers' own `generate` in another process."""
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} {SERVER} "$@"\n')
    interpreter.chmod(interpreter.stat().st_mode | stat.S_IXUSR)
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")), tries=1)

    def make(local, **settings):
        given = {"python": str(interpreter), "logs": str(tmp_path / "logs"), **settings}
        return ServedModel(local=local, engine=Vllm(**given), client=client, templates=tmp_path / "templates")

    return make


def answers(model, task, request_type="generation"):
    groups = model.answer(task, task.items(), request_type, done=set())
    return sorted((one for group in groups for one in group), key=lambda one: one.item)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["template", "plain form"])
def test_the_engine_says_what_the_model_says_here(directory, serve, make_task, questions, tmp_path, kind):
    # A server reads special tokens in a text as such: both break them, where a plain form keeps them whole in this process.
    words = "</s> <unk> 之后？" if kind == "template" else "< /s> < unk> 之后？"
    task = make_task([*questions[:5], {"id": "x", "question": words, "answers": ["答"]}], max_new_tokens=9)
    form = PromptForm(stop=("的",)) if kind == "plain form" else None
    local = LocalModel(path=str(directory), form=form)
    served = serve(LocalModel(path=str(directory), form=form))
    served.check([task])
    here, there = answers(local, task), answers(served, task)
    served.close()
    assert [(one.answer, one.finished) for one in there] == [(one.answer, one.finished) for one in here]


def test_likelihoods_are_those_of_this_process(directory, serve, make_task):
    rows = [{"id": "a", "question": "问？", "options": {"A": "一", "B": "二"}, "answer": "B"}]
    task = make_task(rows, kind="choice", max_new_tokens=4)
    local, served = LocalModel(path=str(directory)), serve(LocalModel(path=str(directory)))
    assert served.key(task, "letters") == local.key(task, "letters")
    assert served.key(task, "generation") != local.key(task, "generation")
    assert answers(served, task, "letters") == answers(local, task, "letters")


def test_flags_that_decide_answers_are_keyed_and_others_are_not(directory, serve, make_task, questions):
    task = make_task(questions[:2], max_new_tokens=9)

    def key(**settings):
        return serve(LocalModel(path=str(directory)), **settings).key(task, "generation")

    assert key() == key(port=8123, gpu_memory=0.5, data_parallel=2, in_flight=3, timeout=9.0)
    assert (
        len({str(key(**one)) for one in ({}, {"tensor_parallel": 2}, {"max_length": 99}, {"options": {"a": 1}})}) == 4
    )


def test_what_cannot_be_is_one_line(directory, serve, tmp_path, make_task, questions):
    with pytest.raises(UserError, match=r"engine\.options\.port: is set by engine\.port"):
        serve(LocalModel(path=str(directory)), options={"port": 1})
    served = serve(LocalModel(path=str(directory)), python=str(tmp_path / "nobody"))
    task = make_task(questions[:1], max_new_tokens=4)
    with pytest.raises(UserError, match=r"engine\.python: .*nobody: no such interpreter: `make engine`"):
        answers(served, task)
