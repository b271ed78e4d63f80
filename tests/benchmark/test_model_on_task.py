"""One model on one task: the types of request it gets, and letters read anew from kept answers."""

import json
import logging

import pytest

from hypnos.benchmark.answerers.answer_file import AnswersFile
from hypnos.benchmark.answerers.api_model import ChatAnswers
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.judge.cache import keeps_home
from hypnos.benchmark.model_on_task import ask, choose_request_types, read_tasks
from hypnos.benchmark.predictions import LONGEST, Prediction, shorten
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.llm.providers.litellm import LitellmChat

CHOICES = [{"id": "a", "question": "选？", "options": {"A": "甲", "B": "乙"}, "answer": "B"}]
OPEN = [{"id": "a", "question": "问？", "answers": ["答"]}]


def test_a_local_model_is_asked_for_the_likelihood_of_letters_unless_told_otherwise(make_task):
    choice, question = make_task(CHOICES, kind="choice"), make_task(OPEN, name="open")
    assert choose_request_types(LocalModel, choice, "auto") == ["generation", "letters"]
    assert choose_request_types(LocalModel, question, "auto") == ["generation"]
    assert choose_request_types(AnswersFile, choice, "auto") == ["generation"]
    assert choose_request_types(LocalModel, choice, ["yes_no", "letters"]) == ["generation", "letters", "yes_no"]
    assert choose_request_types(LocalModel, question, ["letters"]) == ["generation"]
    assert choose_request_types(AnswersFile, choice, []) == ["generation"]


def test_a_setting_of_likelihood_that_cannot_be_is_one_line(make_task):
    choice = make_task(CHOICES, kind="choice")
    with pytest.raises(UserError, match="likelihood: letter is neither auto nor a list of letters, texts, yes_no"):
        choose_request_types(LocalModel, choice, "letter")
    with pytest.raises(UserError, match=r"likelihood: \['word'\] is neither auto"):
        choose_request_types(LocalModel, choice, ["word"])


def test_letters_are_read_from_answers_whenever_they_are_used(tmp_path, make_task):
    file = tmp_path / "model.jsonl"
    file.write_text('{"id": "a", "answer": "答案是B"}\n', "utf-8")
    answers = ask(
        AnswersFile(path=str(file)), make_task(CHOICES, kind="choice"), ["generation"], artefacts=tmp_path / "kept"
    )
    (prediction,) = answers["generation"]
    assert (prediction.choice, prediction.rule) == ("B", "declared")


def test_an_endless_answer_is_measured_by_its_beginning_and_end(tmp_path, make_task, caplog):
    endless = "丙泊酚。" * 50_000 + "答案是B"
    file = tmp_path / "model.jsonl"
    file.write_text(json.dumps({"id": "a", "answer": endless}) + "\n", "utf-8")
    asked = AnswersFile(path=str(file)), make_task(CHOICES, kind="choice"), ["generation"]
    with caplog.at_level(logging.WARNING):
        (prediction,) = ask(*asked, artefacts=tmp_path / "kept")["generation"]
    assert len(prediction.answer) == LONGEST + 1
    assert prediction.answer.startswith("丙泊酚。丙泊酚。") and prediction.answer.endswith("答案是B")
    assert (prediction.choice, prediction.raw) == ("B", endless)
    assert "1 of 1 answers are longer than 100000 characters, such as that to a with 200004" in caplog.text


def test_an_answer_of_the_greatest_length_is_left_alone():
    whole = Prediction(item="a", prompt="", raw="", answer="长" * LONGEST, finished=True, tokens=1)
    assert shorten(whole) is whole


def test_tasks_are_read_before_any_model_is_asked(make_task):
    with pytest.raises(UserError, match="tasks: none given"):
        read_tasks({}, build=lambda config: config)
    wrong = make_task(OPEN, metrics=["accuracy"])
    with pytest.raises(UserError, match=r"own\.metrics: accuracy does not fit questions of kind question"):
        read_tasks({"own": {"task": wrong}}, build=lambda config: config["task"])


def test_a_copy_of_what_must_stay_here_stays_here_in_whichever_task_it_stands(make_task, tmp_path, caplog):
    case = "患者夜间突发呼吸困难，端坐位，双肺满布湿啰音，首先如何处理？"
    own = make_task([{"id": "l", "question": case, "answers": ["取坐位"], "egress": "local"}], name="ward")
    rows = [
        {"id": "c", "question": case.replace("首先", "应"), "answers": ["吸氧"]},
        {"id": "o", "question": "全身麻醉前为什么要禁食？", "answers": ["以免误吸"]},
        {"id": "a", "question": "怎样减轻水肿？", "answers": [f"如病例：{case}先吸氧。"]},
    ]
    other = make_task(rows, name="open")
    tasks = {"ward": {"task": own}, "open": {"task": other}}
    version = other.version()
    with caplog.at_level(logging.WARNING):
        read_tasks(tasks, build=lambda config: config["task"])
    assert [item.egress for item in other.items()] == ["local", "any", "local"]
    assert "open: 2 items carry words of items marked egress: local, and stay here too" in caplog.text
    assert keeps_home(other) and other.version() != version
    with Client(journal=Journal(path=str(tmp_path / "journal.sqlite"))) as client:
        away = LitellmChat(name="away", model="openai/m", address="https://api.example.com/v1", parameters={})
        with pytest.raises(UserError, match="open with away: c must stay on this machine"):
            ChatAnswers(chat=away, client=client).check([other])
    alone = make_task(rows, name="alone")
    assert read_tasks({"alone": {"task": alone}}, build=lambda config: config["task"]) == [alone]
    assert {item.egress for item in alone.items()} == {"any"}
