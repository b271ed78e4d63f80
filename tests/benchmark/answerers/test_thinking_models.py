"""Models that think: what is asked of them, where a thought is ended, and that it is alike wherever they run."""

from dataclasses import replace

import pytest

from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.metrics.measure import measure
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.specialty.folder import read_specialty

CHOICES = [
    {"id": f"c{i}", "question": f"第{i}个问题？", "options": {"A": "一", "B": "二"}, "answer": "B"} for i in range(3)
]
ANSWER = {"\n\n": "B", "B": "<|im_end|>"}
ENDS = {"\n": "<think>", "<think>": "想", "想": "毕", "毕": "</think>", "</think>": "\n\n", **ANSWER}
NEVER = {"\n": "<think>", "<think>": "想", "想": "再", "再": "想", "</think>": "\n\n", **ANSWER}
GIVES_UP = {"\n": "<think>", "<think>": "想", "想": "<|im_end|>", "</think>": "\n\n", **ANSWER}
EMPTY = {"\n": "<think>", "<think>": "\n\n", "\n\n": "</think>", "</think>": "B", "B": "<|im_end|>"}
ENDLESS = {**ENDS, "B": "。", "。": "二", "二": "。"}


def one_answer(model, task):
    answers = [one for group in model.answer(task, task.items(), "generation", done=set()) for one in group]
    assert len({(one.answer, one.raw) for one in answers}) == 1  # each says the same after every question
    return answers[0]


@pytest.fixture
def task(make_task):
    return make_task(CHOICES, kind="choice", max_new_tokens=4, metrics=("accuracy", "unfinished"))


def read(one):
    return one.answer, one.thought, one.thought_tokens, one.thought_cut, one.finished


@pytest.mark.parametrize(
    ("follows", "thinking", "expected"),
    [
        (ENDS, {"mode": "on", "tokens": 9}, ("B", 2, 4, False, True)),
        (ENDS, {"mode": "as_is", "tokens": 9}, ("B", 2, 4, False, True)),
        (ENDS, {"mode": "off"}, ("B", 0, 0, False, True)),
        (NEVER, {"mode": "on", "tokens": 5}, ("B", 4, 5, True, True)),
        (NEVER, {"mode": "off"}, ("B", 0, 0, False, True)),
        (NEVER, None, ("", 3, 4, True, False)),  # a thought on the answer's own tokens: as it always was
        (GIVES_UP, {"mode": "on", "tokens": 5}, ("B", 1, 2, True, True)),
        (EMPTY, {"mode": "on", "tokens": 5}, ("B", 0, 0, False, True)),
        (ENDLESS, {"mode": "on", "tokens": 6}, ("B。二。二", 2, 3, False, False)),
    ],
)
def test_the_answer_is_read_whatever_becomes_of_the_thought(thinker, task, follows, thinking, expected):
    one = one_answer(LocalModel(path=str(thinker(follows)), thinking=thinking), task)
    assert read(one) == expected


def asked(kind, folder, serve, tmp_path, thinking, parses=False):
    """The same model here, behind a server, and in a batch."""
    if kind == "here":
        return LocalModel(path=str(folder), thinking=thinking), None
    server = serve(folder, parses=parses)
    settings = {"name": "own", "model": "hosted_vllm/m", "address": server.url, "parameters": {"temperature": 0.0}}
    chat = LitellmChat(**settings, batch=2 if kind == "batch" else None, batch_poll=0.01)
    client = Client(journal=Journal(path=str(tmp_path / f"{kind}.sqlite")), tries=1)
    return ChatAnswers(chat=chat, client=client, name="own", thinking=thinking), server


@pytest.mark.parametrize(("kind", "parses"), [("served", False), ("served", True), ("batch", False)])
@pytest.mark.parametrize("follows", [ENDS, NEVER, GIVES_UP, ENDLESS], ids=["ends", "never", "gives up", "endless"])
def test_a_server_and_a_batch_say_what_the_model_says_here(
    thinker, serve, task, tmp_path, anesthesia, follows, kind, parses
):
    thinking = {"mode": "on", "tokens": 6}
    folder = thinker(follows)
    numbers, raw = {}, {}
    for where in ("here", kind):
        model, server = asked(where, folder, serve, tmp_path, thinking, parses)
        model.check([task])
        answers = [one for group in model.answer(task, task.items(), "generation", done=set()) for one in group]
        model.close()
        scores = measure(task, "m", {"generation": [replace(one, choice=one.answer) for one in answers]}, anesthesia)
        raw[where] = [one.raw for one in answers]
        numbers[where] = ([read(one) for one in answers], scores.answers.scores)
    assert numbers["here"] == numbers[kind], raw
    assert all(body["chat_template_kwargs"]["enable_thinking"] for body in server.requests)
    assert {body["max_tokens"] for body in server.requests} <= {6, 4}


@pytest.fixture(scope="module")
def anesthesia():
    from pathlib import Path

    return read_specialty(Path(__file__).parents[3] / "specialty" / "anesthesia")


@pytest.mark.parametrize("kind", ["served", "batch"])
def test_a_model_that_does_not_think_is_cut_at_the_same_token_everywhere(
    directory, serve, make_task, questions, tmp_path, kind
):
    task = make_task(questions[:6], max_new_tokens=7)
    texts = []
    for where in ("here", kind):
        model, server = asked(where, directory, serve, tmp_path, None)
        model.check([task])
        answers = sorted(
            (one.item, one.answer, one.finished)
            for group in model.answer(task, task.items(), "generation", done=set())
            for one in group
        )
        model.close()
        texts.append(answers)
    assert texts[0] == texts[1]
    assert {body["max_tokens"] for body in server.requests} == {7}


def test_what_is_said_of_the_model_counts_before_what_is_said_of_the_task(thinker, task):
    folder = str(thinker(NEVER))
    own = replace(task, thinking={"mode": True, "tokens": 3})  # what YAML makes of a bare `on`
    assert one_answer(LocalModel(path=folder), own).thought_tokens == 3
    assert one_answer(LocalModel(path=folder, thinking={"mode": "off"}), own).thought == 0


def test_keys_stay_where_nothing_is_said_and_differ_where_the_answers_may(thinker, task):
    folder = str(thinker(ENDS))
    keys = [
        LocalModel(path=folder, thinking=thinking).key(task, "generation")
        for thinking in (None, {"mode": "as_is"}, {"mode": "off"}, {"mode": "off", "tokens": 9}, {"tokens": 9})
    ]
    assert keys[0] == keys[1] and keys[2] == keys[3]
    assert len({str(key) for key in keys}) == 3
    assert set(keys[0]) == {"version", "weights", "base", "dtype", "form", "max_length", "max_new_tokens", "sampling"}


def test_where_the_context_is_short_the_thought_is_and_the_answer_keeps_its_tokens(thinker, task):
    folder = thinker(NEVER, context=80)
    model = LocalModel(path=str(folder), thinking={"mode": "on", "tokens": 60})
    model.check([task])
    prompt = len(model.encode([model.render(task.messages(task.items()[0]))])[0])
    one = one_answer(model, task)
    assert one.answer == "B" and one.thought_cut
    assert 0 < one.thought_tokens == 80 - prompt - 4 - 32


def test_what_cannot_be_is_one_line_before_anything_is_asked(thinker, task, make_task, tmp_path, serve):
    plain = thinker(ENDS, template=HYBRID_WITHOUT_SWITCH)
    with pytest.raises(UserError, match="thinking cannot be switched off: the chat template has no switch"):
        LocalModel(path=str(plain), thinking={"mode": "off"}).check([task])
    opens = thinker(NEVER, template=HYBRID_WITHOUT_SWITCH.replace("assistant\n", "assistant\n<think>"))
    model = LocalModel(path=str(opens), thinking={"mode": "on", "tokens": 5})
    model.check([task])  # it thinks by itself
    assert read(one_answer(model, task)) == ("B", 5, 5, True, True)
    with pytest.raises(
        UserError, match=r"own with .*: thinking.tokens 300 and max_new_tokens 4 do not fit its context"
    ):
        LocalModel(path=str(plain), thinking={"tokens": 300}).check([task])
    with pytest.raises(UserError, match="thinking: mode on needs tokens"):
        LocalModel(path=str(plain), thinking={"mode": "on"})
    with pytest.raises(UserError, match=r"tasks\.own: thinking: mode on needs tokens"):
        replace(task, thinking={"mode": "on"})
    client = Client(journal=Journal(path=str(tmp_path / "journal.sqlite")))
    chat = LitellmChat(name="g", model="groq/x", parameters={"temperature": 0.0})
    with pytest.raises(UserError, match="llm g: thinking cannot be switched at groq"):
        ChatAnswers(chat=chat, client=client, thinking={"mode": "on", "tokens": 9}).check([task])
    chat = LitellmChat(name="v", model="hosted_vllm/x", address="http://127.0.0.1:9/v1", parameters={"max_tokens": 9})
    with pytest.raises(UserError, match=r"v: parameters.max_tokens: an answer is as long as its task allows"):
        ChatAnswers(chat=chat, client=client).check([task])


HYBRID_WITHOUT_SWITCH = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
