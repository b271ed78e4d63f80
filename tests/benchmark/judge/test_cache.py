import json
import logging

import pytest

from hypnos.benchmark.judge.cache import answers_key, keeps_home, verdicts_on
from hypnos.benchmark.judge.judge import Judge
from hypnos.benchmark.predictions import Prediction
from hypnos.llm.failures import UnreadableError
from hypnos.llm.providers.litellm import LitellmChat
from hypnos.llm.requests import Answer
from hypnos.specialty.folder import read_specialty

ROWS = [
    {"id": "q1", "question": "恶性高热首选什么药？", "answer": "丹曲林。"},
    {"id": "q2", "question": "何时停药？", "answer": "术前。"},
]
TEXTS = {"ours": ["丹曲林。", "术前一天。"], "other": ["阿托品。", "不停。"]}
CHAT = LitellmChat(name="one", model="openai/gpt-4o", parameters={"temperature": 0.0})


def answered(item, text):
    return Prediction(item=item, prompt="", raw=text, answer=text, finished=True, tokens=1)


PREDICTIONS = {model: [answered(f"q{n}", text) for n, text in enumerate(texts, 1)] for model, texts in TEXTS.items()}


class Counting:
    """A client whose every reply is unreadable, and that counts what it was asked."""

    local_addresses = ()

    def __init__(self):
        self.asked = 0

    def ask(self, model, requests, **settings):
        for request in requests:
            self.asked += 1
            numbers = {"attempts": 1, "cost": 0.5, "tokens_in": 9, "tokens_out": 1}
            yield Answer(request=request, value=None, text="", model="m", reason="unreadable", **numbers)


@pytest.fixture
def verdicts(tmp_path, pytestconfig):
    """The verdicts on a task, and how much the client was asked for them."""
    specialty = read_specialty(pytestconfig.rootpath / "specialty" / "anesthesia")

    def judge_all(task, predictions=PREDICTIONS, **settings):
        client, judge = Counting(), Judge(model=CHAT, **settings)
        made = verdicts_on(task, predictions, judge=judge, specialty=specialty, client=client, artefacts=tmp_path)
        assert made.stopped is None
        return made.rows, client.asked

    return judge_all


def test_verdicts_that_were_made_are_found_again_under_the_same_name(make_task, verdicts, tmp_path):
    task = make_task(ROWS)
    rows, asked = verdicts(task)
    assert [row["mode"] for row in rows] == ["absolute"] * 4 + ["reference"] * 4 + ["pairwise"] * 2
    assert asked == 4 + 4 + 2 * 2
    assert [path.name for path in (tmp_path / "verdicts").glob("own-*")] == ["own-one-3c323b902c8c28ef"]
    assert verdicts(task) == (rows, 0)
    kept = tmp_path / "verdicts" / "own-one-3c323b902c8c28ef" / "verdicts.jsonl"
    assert [json.loads(line) for line in kept.read_text("utf-8").splitlines()] == rows


def test_a_judge_that_was_found_unreadable_is_asked_nothing_more_and_what_is_missing_is_counted(
    make_task, verdicts, tmp_path, pytestconfig
):
    specialty = read_specialty(pytestconfig.rootpath / "specialty" / "anesthesia")
    stop = UnreadableError("nothing could be read")

    def ask(task):
        client = Counting()
        given = {"judge": Judge(model=CHAT), "specialty": specialty, "client": client, "artefacts": tmp_path}
        made = verdicts_on(task, PREDICTIONS, unreadable=stop, **given)
        assert not client.asked
        return made

    task = make_task(ROWS)
    missing = ask(task)
    assert (missing.rows, missing.wanted, missing.stopped) == ([], 10, stop)
    verdicts(task)  # by an earlier run
    there = ask(task)
    assert (len(there.rows), there.stopped) == (10, None)


def test_another_answer_or_another_judge_is_judged_anew(make_task, verdicts):
    task = make_task(ROWS)
    changed = {**PREDICTIONS, "other": [answered("q1", "阿托品！"), answered("q2", "不停。")]}
    assert answers_key(PREDICTIONS)[:16] == "3a389e1db3629927" != answers_key(changed)[:16]
    assert [verdicts(task, pairwise=False)[1], verdicts(task, changed, pairwise=False)[1]] == [8, 8]
    assert verdicts(task, pairwise=False, limit=1)[1] == 4


def test_one_model_alone_is_not_compared(make_task, verdicts):
    rows, asked = verdicts(make_task(ROWS), {"ours": PREDICTIONS["ours"]}, modes=["absolute"])
    assert asked == 2 and {row["mode"] for row in rows} == {"absolute"}


def test_choice_questions_are_not_judged(make_task, verdicts):
    choice = make_task([{"id": "c", "question": "?", "options": {"A": "1", "B": "2"}, "answer": "A"}], kind="choice")
    assert verdicts(choice) == ([], 0)


@pytest.mark.parametrize("of_task", [True, False])
def test_what_must_stay_here_is_left_out_with_a_warning(make_task, verdicts, caplog, of_task):
    rows = [ROWS[0], {**ROWS[1], "egress": "any" if of_task else "local"}]
    private = make_task(rows, egress="local" if of_task else "any")
    assert keeps_home(private) and not keeps_home(make_task(ROWS, name="open"))
    with caplog.at_level(logging.WARNING):
        assert verdicts(private) == ([], 0)
    assert "own must stay on this machine (egress: local): not judged by one" in caplog.text


def test_verdicts_that_an_earlier_version_made_of_failed_requests_are_asked_for_again(make_task, verdicts, tmp_path):
    task = make_task(ROWS)
    _, asked = verdicts(task)
    assert verdicts(task)[1] == 0
    (file,) = tmp_path.glob("verdicts/*/verdicts.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"unreadable"', b'"failed: 429"', 1))
    rows, again = verdicts(task)
    assert again == asked
    assert {row["reason"] for row in rows} == {"unreadable", "unreadable; unreadable"}
    assert verdicts(task)[1] == 0
