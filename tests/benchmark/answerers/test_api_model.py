from dataclasses import replace

import pytest

from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.client import Client
from hypnos.llm.failures import StoppedError
from hypnos.llm.journal.journal import Journal
from hypnos.llm.providers.litellm import LitellmChat

QUESTIONS = [{"id": f"q{i}", "question": f"问题{i}？", "answers": [f"答案{i}"]} for i in range(3)]


def all_of(answerer, task, way="generation", done=()):
    groups = answerer.answer(task, task.items(), way, done=set(done))
    return [one for group in groups for one in group]


class Parrot(ChatModel):
    """Repeats the last turn in this process, in capitals; the second question is refused, on request one fails."""

    name = model = "parrot"
    max_tokens = 8

    def __init__(self, *, address="in process"):
        self.address = address
        self.heard = []

    async def complete(self, messages, *, schema, sample):
        self.heard.append(messages[-1]["content"])
        said = messages[-1]["content"]
        made = {"model": "parrot-1", "tokens_in": 1, "cost": 0.0, "seconds": 0.0, "date": "2026-01-01T00:00:00"}
        return Reply(
            text=f"<think>嗯</think>{said}#{sample}",
            tokens_out=8,
            finish="length" if "0" in said else "stop",
            refusal="filter" if "1" in said else "",
            **made,
        )


def test_a_chat_model_answers_through_the_journal_and_never_twice(tmp_path, make_task):
    task = make_task(QUESTIONS)
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        parrot = Parrot()
        answerer = ChatAnswers(chat=parrot, client=client, repeats=2)
        answerer.check([task])
        found = {(one.item, one.sample): one for one in all_of(answerer, task)}
        asked = len(parrot.heard)
        again = {(one.item, one.sample): one for one in all_of(answerer, task, done=[("q0", 0)])}
    assert len(found) == 6 and asked == len(parrot.heard) == 6
    assert found["q0", 0].answer == "问题0？#0" and found["q0", 1].answer == "问题0？#1"
    assert found["q0", 0].thought == 1
    assert not found["q0", 0].finished and found["q2", 0].finished
    assert found["q1", 0].rule.startswith("refused")
    assert again == {place: one for place, one in found.items() if place != ("q0", 0)}


class Hidden(Parrot):
    """Thinks out of sight until its tokens are used up, as its provider counts them."""

    async def complete(self, messages, *, schema, sample):
        reply = await super().complete(messages, schema=schema, sample=sample)
        return replace(reply, text="", finish="length", refusal="", extra={"reasoning_tokens": "8"})


def test_a_thought_that_a_provider_only_counts_is_a_thought(tmp_path, make_task):
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        one = all_of(ChatAnswers(chat=Hidden(), client=client), make_task(QUESTIONS))[0]
    assert (one.answer, one.thought, one.thought_tokens, one.thought_cut) == ("", 0, 8, True)


class Thinker(Parrot):
    """Thinks until its tokens are used up, each time; asked to go on behind its thought, it answers."""

    def limited(self, limits):
        return self

    def ends_thoughts(self):
        return "when resumed"

    async def complete(self, messages, *, schema, sample):
        reply = await super().complete(messages, schema=schema, sample=sample)
        begun = messages[-1]["role"] == "assistant"
        return replace(
            reply, text="答案" if begun else "<think>还在想", finish="stop" if begun else "length", refusal=""
        )


def test_a_model_whose_thoughts_are_asked_for_first_is_none_that_says_nothing(tmp_path, make_task):
    questions = [{"id": f"q{i}", "question": f"问题{i}？", "answers": ["答案"]} for i in range(30)]
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        answerer = ChatAnswers(chat=Thinker(), client=client, thinking={"mode": "on", "tokens": 4})
        answers = all_of(answerer, make_task(questions))
    assert [one.answer for one in answers] == ["答案"] * 30
    assert all(one.thought_cut for one in answers)


class Served(LitellmChat):
    """A provider's model, with a reply that is there already."""

    async def complete(self, messages, *, schema, sample):
        return await Parrot().complete(messages, schema=schema, sample=sample)


@pytest.mark.parametrize("model", ["openai/gpt-4o", "groq/x", "azure/x", "mistral/x"])
def test_a_provider_that_knows_no_switch_of_thoughts_is_asked_to_the_end(tmp_path, make_task, model):
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        answerer = ChatAnswers(chat=Served(name="own", model=model), client=client)
        answers = all_of(answerer, make_task(QUESTIONS))
    assert [one.answer for one in answers if not one.rule] == ["问题0？#0", "问题2？#0"]


class Mute(Parrot):
    """Says nothing."""

    async def complete(self, messages, *, schema, sample):
        return replace(await super().complete(messages, schema=schema, sample=sample), text="", refusal="")


def test_a_model_that_says_nothing_is_stopped_where_its_replies_cost_something(tmp_path, make_task):
    task = make_task([{"id": f"q{i}", "question": f"问题{i}？", "answers": ["答案"]} for i in range(30)])
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        paid, free = Mute(), Mute(address="elsewhere")
        free.free = True
        with pytest.raises(StoppedError, match="20 replies in a row are empty"):
            all_of(ChatAnswers(chat=paid, client=client), task)
        assert len(all_of(ChatAnswers(chat=free, client=client), task)) == 30


def test_what_must_stay_here_is_never_asked_elsewhere(tmp_path, make_task):
    task = make_task(QUESTIONS, egress="local")
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        away = Parrot(address="https://api.example.com")
        with pytest.raises(UserError, match=r"own with parrot: q0 must stay on this machine"):
            ChatAnswers(chat=away, client=client).check([task])
        ChatAnswers(chat=Parrot(address="http://localhost:8000"), client=client).check([task])
    assert not away.heard


def test_a_model_that_litellm_does_not_know_is_one_line():
    from hypnos.benchmark.answerers.api_model import key_variable

    with pytest.raises(UserError, match=r"models: nobody-knows-me is no folder, and no model that litellm knows"):
        key_variable("nobody-knows-me")


def test_a_provider_says_which_variable_holds_its_key(monkeypatch):
    from hypnos.benchmark.answerers.api_model import key_variable

    for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert key_variable("gpt-4o") == "OPENAI_API_KEY"
    assert key_variable("deepseek/deepseek-chat") == "DEEPSEEK_API_KEY"
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert key_variable("gpt-4o") == "OPENAI_API_KEY"
