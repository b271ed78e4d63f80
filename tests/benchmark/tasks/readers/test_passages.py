import json
import logging
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.lines import Lines
from hypnos.benchmark.tasks.readers.passages import Passages
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


def test_passages_are_read_in_three_forms(tmp_path):
    answers = [{"text": "二", "answer_start": 1}, {"text": "二"}, {"text": "二号"}]
    squad = {"version": "v1", "data": [{"title": "题", "paragraphs": [
        {"context": "文一", "qas": [{"id": "1", "question": "谁？", "answers": answers}, {"id": "2", "question": "哪？", "answers": answers[:1]}]},
        {"context": "文二", "qas": [{"id": "3", "question": "谁？", "answers": answers[:1]}]},
    ]}]}  # fmt: skip
    items = read(Passages(), write(tmp_path / "squad.json", squad), "reading")
    assert [(item.id, item.passage, item.answers) for item in items] == [
        ("1", "文一", ("二", "二号")), ("2", "文一", ("二",)), ("3", "文二", ("二",)),
    ]  # fmt: skip
    trial = [
        {
            "context_id": "T",
            "context_text": "文",
            "title": "题",
            "qas": [{"query_id": "T_0", "query_text": "谁？", "answers": ["我", "我们"]}],
        }
    ]
    item = read(Passages(), write(tmp_path / "trial.json", trial), "reading")[0]
    assert (item.id, item.question, item.answers, item.topic) == ("T_0", "谁？", ("我", "我们"), "题")
    flat = {"id": "f", "context": "文", "question": "谁？", "answers": {"text": ["我"], "answer_start": [0]}}
    assert read(Passages(), write(tmp_path / "flat.jsonl", flat), "reading")[0].answers == ("我",)
    # One object on one line under the name .json is a flat row as well.
    assert read(Passages(), write(tmp_path / "flat.json", flat), "reading")[0].id == "f"


def test_passages_name_a_question_without_answers_and_broken_json(tmp_path):
    with pytest.raises(UserError, match=r"a\.jsonl:1: missing answers"):
        read(Passages(), write(tmp_path / "a.jsonl", {"context": "文", "question": "谁？", "answers": []}), "reading")
    with pytest.raises(UserError, match=r"b\.json:1: not JSON"):
        read(Passages(), write(tmp_path / "b.json", '{"data": ['), "reading")


@pytest.mark.real_data
def test_real_passages_are_read_by_both_readers(shared_data):
    path = str(shared_data / "reading" / "cmrc2018_medical.jsonl")
    ours, theirs = read(Lines(), path, "reading"), read(Passages(), path, "reading")
    assert len(ours) == len(theirs) == 103
    assert [(a.id, a.passage, a.question, a.answers) for a in ours] == [
        (b.id, b.passage, b.question, b.answers) for b in theirs
    ]


def test_the_trial_file_is_read_but_for_its_empty_questions(tmp_path, caplog):
    # As published: a list of passages, two of whose questions hold nothing or a blank.
    trial = [
        {"context_id": f"T{at}", "context_text": f"文{at}", "title": "题", "qas": [
            {"query_id": f"T{at}_0", "query_text": asked, "answers": ["我"]},
            {"query_id": f"T{at}_1", "query_text": "哪？", "answers": ["那", "那里"]},
        ]}
        for at, asked in enumerate(("谁？", "", " "))
    ]  # fmt: skip
    path = write(tmp_path / "cmrc2018_trial.json", trial)
    with caplog.at_level(logging.WARNING):
        items = read(Passages(skip_incomplete=True), path, "reading")
    assert [item.id for item in items] == ["T0_0", "T0_1", "T1_1", "T2_1"]
    assert "2 incomplete rows left out, the first: " in caplog.text and "#2: empty question" in caplog.text
    with pytest.raises(UserError, match=r"cmrc2018_trial\.json#2: empty question"):
        read(Passages(), path, "reading")


def test_the_task_of_this_name_reads_the_trial_file(compose):
    reader = compose("evaluate", ["tasks=[cmrc2018]", "tasks.cmrc2018.path=x"])["tasks"]["cmrc2018"]["reader"]
    assert reader["skip_incomplete"] is True


def test_a_question_keeps_its_own_id_beside_that_of_its_passage(tmp_path):
    paragraph = {"id": "P", "context": "文", "qas": [{"question": "谁？", "id": "Q", "answers": [{"text": "我"}]}]}
    (item,) = read(
        Passages(), write(tmp_path / "a.json", {"data": [{"title": "题", "paragraphs": [paragraph]}]}), "reading"
    )
    assert (item.id, item.passage) == ("Q", "文")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"data": {"paragraphs": []}}, r"a\.json: data must be a list of documents"),
        ({"data": [{"title": "题"}]}, r"a\.json: data\[1\]: no column paragraphs; columns found: title"),
        ({"data": [{"paragraphs": [["文"]]}]}, r"a\.json#1: a question must be an object, not list"),
        ({"data": [{"paragraphs": [{"context": "文", "qas": {"id": "1"}}]}]}, r"a\.json#1: qas must be a list"),
    ],
)
def test_another_nesting_is_named(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        read(Passages(), write(tmp_path / "a.json", content), "reading")
