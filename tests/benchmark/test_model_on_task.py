import json

import pytest

from hypnos.benchmark.answerers.answer_file import AnswersFile
from hypnos.benchmark.answerers.answerer import check_way
from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.answerers.lineup import line_up, newest_stages
from hypnos.benchmark.answerers.prompt_form import PromptForm
from hypnos.errors import UserError
from hypnos.llm.chat import ChatModel, Reply
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal

QUESTIONS = [{"id": f"q{i}", "question": f"问题{i}？", "answers": [f"答案{i}"]} for i in range(3)]


def answers_file(folder, rows, name="gpt.jsonl"):
    file = folder / name
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return AnswersFile(path=str(file))


def all_of(answerer, task, way="generation", done=()):
    groups = answerer.answer(task, task.items(), way, done=set(done))
    return [one for group in groups for one in group]


def test_answers_made_elsewhere_are_read_with_their_reasoning_cut(tmp_path, make_task):
    rows = [
        {"id": "q2", "answer": "二"},
        {"item": "q0", "raw": "<think>想</think>零", "finished": False},
        {"id": "q1", "output": "一"},
    ]
    given = answers_file(tmp_path, rows)
    task = make_task(QUESTIONS)
    given.check([task])
    found = {one.item: one for one in all_of(given, task)}
    assert given.name == "gpt"
    assert {item: one.answer for item, one in found.items()} == {"q0": "零", "q1": "一", "q2": "二"}
    assert (found["q0"].thought, found["q0"].finished, found["q1"].finished) == (1, False, True)


def test_one_file_answers_two_tasks_and_several_times(tmp_path, make_task):
    other = make_task([{"id": "q0", "question": "别的？", "answers": ["答"]}], name="other")
    rows = [{"id": f"q{i}", "task": "own", "answer": f"{i}/{s}", "sample": s} for s in (1, 0) for i in range(3)]
    given = answers_file(tmp_path, [*rows, {"id": "q0", "task": "other", "answer": "乙"}])
    task = make_task(QUESTIONS)
    given.check([task, other])
    assert [(one.item, one.sample, one.answer) for one in all_of(given, task)][:3] == [
        ("q0", 0, "0/0"),
        ("q0", 1, "0/1"),
        ("q1", 0, "1/0"),
    ]
    assert [one.answer for one in all_of(given, other)] == ["乙"]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([{"id": "q0", "answer": "a"}], r"no answer to 2 of 3 items of own, such as q1"),
        ([{"id": "q9", "answer": "a"}], r"gpt\.jsonl:1: q9 is an item of none of the tasks \(own\)"),
        ([{"id": "q9", "answer": "a", "task": "own"}], r"gpt\.jsonl:1: q9 is no item of own"),
        ([{"id": "q0", "answer": "a"}, {"id": "q0", "answer": "b"}], r"gpt\.jsonl:2: a second answer to q0"),
        ([{"id": "q0", "text": "a"}], r"gpt\.jsonl:1: no raw or answer .*fields found: id, text"),
        ([{"answer": "a"}], r"gpt\.jsonl:1: no id or item"),
        ([{"id": "q0", "answer": "a", "sample": "x"}], r"gpt\.jsonl:1: sample 'x' is no number"),
        (["q0"], r"gpt\.jsonl:1: an answer must be an object, not str"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(tmp_path, make_task, rows, named):
    with pytest.raises(UserError, match=named) as caught:
        answers_file(tmp_path, rows).check([make_task(QUESTIONS)])
    assert "\n" not in str(caught.value)


def test_answers_beyond_a_tasks_limit_are_passed_over(tmp_path, make_task):
    rows = [{"id": f"q{i}", "answer": str(i)} for i in range(3)]
    first = make_task(QUESTIONS, limit=2)
    for named in ({}, {"task": "own"}):
        given = answers_file(tmp_path, [{**row, **named} for row in rows])
        given.check([first])
        assert [one.item for one in all_of(given, first)] == ["q0", "q1"]
    with pytest.raises(UserError, match="no answer to 1 of 2 items of own, such as q1"):
        answers_file(tmp_path, [rows[0], rows[2]]).check([first])


def test_an_answer_that_two_tasks_could_claim_must_name_its_own(tmp_path, make_task):
    tasks = [make_task(QUESTIONS), make_task(QUESTIONS, name="other")]
    rows = [{"id": f"q{i}", "answer": str(i)} for i in range(3)]
    with pytest.raises(UserError, match=r"gpt\.jsonl:1: q0 is an item of own and of other: name its task"):
        answers_file(tmp_path, rows).check(tasks)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.jsonl: no such file of answers"):
        AnswersFile(path=str(tmp_path / "gone.jsonl"))


def test_an_empty_answer_is_an_answer(tmp_path, make_task):
    given = answers_file(tmp_path, [{"id": f"q{i}", "answer": ""} for i in range(3)])
    task = make_task(QUESTIONS)
    given.check([task])
    assert [one.answer for one in all_of(given, task)] == ["", "", ""]


def test_likelihood_cannot_be_asked_of_a_file_nor_about_an_open_question(tmp_path, make_task):
    given = answers_file(tmp_path, [{"id": f"q{i}", "answer": ""} for i in range(3)])
    task = make_task(QUESTIONS)
    check_way(given, task, "generation")
    with pytest.raises(UserError, match=r"own with gpt: likelihood \(letters\) needs a model in a local folder"):
        check_way(given, task, "letters")
    given.weighs = True
    with pytest.raises(UserError, match=r"own: likelihood \(letters\) is for tasks of kind choice"):
        check_way(given, task, "letters")


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
            tokens_out=8 if "0" in said else 3,
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


def test_what_must_stay_here_is_never_asked_elsewhere(tmp_path, make_task):
    task = make_task(QUESTIONS, egress="local")
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        away = Parrot(address="https://api.example.com")
        with pytest.raises(UserError, match=r"own with parrot: q0 must stay on this machine"):
            ChatAnswers(chat=away, client=client).check([task])
        ChatAnswers(chat=Parrot(address="http://localhost:8000"), client=client).check([task])
    assert not away.heard


def test_a_form_writes_turns_as_its_model_was_trained():
    form = PromptForm(user="[Round {round}]\n问：{content}\n答：", assistant="{content}\n", preface="你是医生。")
    turns = [
        {"role": "user", "content": "甲{x}"},
        {"role": "assistant", "content": "乙"},
        {"role": "user", "content": "丙"},
    ]
    assert form.render(turns) == "你是医生。[Round 0]\n问：甲{x}\n答：乙\n[Round 1]\n问：丙\n答："
    with pytest.raises(UserError, match=r"user has no \{content\}"):
        PromptForm(user="问：")


def test_entries_become_folders_files_and_chats(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b.jsonl").write_text("{}", "utf-8")
    built = []

    def build(config):
        built.append(config)
        return type("Made", (), {"name": str(len(built))})

    monkeypatch.setattr("hypnos.benchmark.answerers.api_model.key_variable", lambda model: "X_KEY")
    entries = {"folder": {"kind": "folder"}, "answers": {"kind": "answers"}, "chat": {"chat": {"kind": "chat"}}}
    models = [str(tmp_path / "a"), "hub:x/y", f"answers:{tmp_path}/b.jsonl", "openai/gpt-4o", "./gone"]
    line_up(models, {"mine": {"path": "p"}}, entries=entries, build=build, outputs=tmp_path)
    assert built[0] == {"kind": "folder", "path": str(tmp_path / "a")}
    assert built[1] == {"kind": "folder", "path": "hub:x/y"}
    assert built[2] == {"kind": "answers", "path": f"{tmp_path}/b.jsonl"}
    chat = {"kind": "chat", "name": "openai/gpt-4o", "model": "openai/gpt-4o", "key_variable": "X_KEY"}
    assert built[3] == {"chat": chat}
    assert built[4] == {"kind": "folder", "path": "./gone"}
    assert built[5] == {"name": "mine", "path": "p"}


def test_a_model_that_stands_twice_is_named(tmp_path):
    entries = {"folder": {}, "answers": {}, "chat": {}}
    with pytest.raises(UserError, match="models: same is there twice"):
        line_up(
            [".", "./."], {}, entries=entries, build=lambda config: type("M", (), {"name": "same"}), outputs=tmp_path
        )


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


def test_the_newest_run_of_training_takes_part_when_nobody_is_named(tmp_path):
    with pytest.raises(UserError, match=r"models: none given, and no run of train\.py left results\.json"):
        newest_stages(tmp_path)
    (tmp_path / "stage").mkdir()
    for run, name in (("1", "old"), ("2", "new")):
        folder = tmp_path / "e" / run
        folder.mkdir(parents=True)
        rows = [{"name": "base", "directory": None}, {"name": name, "directory": str(tmp_path / "stage")}]
        (folder / "results.json").write_text(json.dumps(rows), "utf-8")
    import os

    os.utime(tmp_path / "e" / "1" / "results.json", (1, 1))
    assert newest_stages(tmp_path) == [{"name": "new", "path": str(tmp_path / "stage")}]
    (tmp_path / "stage").rmdir()
    with pytest.raises(UserError, match=r"stage, the stage new, is not there"):
        newest_stages(tmp_path)
