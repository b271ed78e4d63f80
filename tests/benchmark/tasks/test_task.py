"""A task: its items, the turns put to a model, its version, and what is wrong with a file in one line."""

import pytest

from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.readers.anesbench import AnesBench
from hypnos.benchmark.tasks.shots import Shots
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError
from tests.benchmark.tasks.rows import CHOICE, PLAIN, READING, choice, question, task, write


def test_the_turns_are_system_examples_and_question(tmp_path):
    path = write(tmp_path / "a.jsonl", [choice(1), choice(2, "AB", type="multiple"), choice(3)])
    prompt = Prompt(
        template=CHOICE.template, system="你是医生。", single="选一项。", multiple="选多项。", answer="{answer}"
    )
    mine = task(path, "choice", prompt, shots=Shots(number=1))
    first, second, _ = mine.items()
    shown = mine.examples(first)
    assert mine.messages(first) == [
        {"role": "system", "content": "你是医生。"},
        {"role": "user", "content": prompt.turn(shown[0])},
        {"role": "assistant", "content": shown[0].answers[0]},
        {"role": "user", "content": "选一项。\n选择1\nA. 甲\nB. 乙1\n答案："},
    ]
    assert mine.messages(second)[-1]["content"].startswith("选多项。")
    assert mine.metrics == ("length",)


def test_the_version_is_of_prompts_examples_and_items_and_of_nothing_else(tmp_path):
    rows = [choice(n, options={"A": "甲", "B": f"乙{n}", "C": "丙"}) for n in range(8)]
    path = write(tmp_path / "a.jsonl", rows)
    version = task(path, "choice", CHOICE).version()
    assert version == task(write(tmp_path / "copy.jsonl", rows), "choice", CHOICE, max_new_tokens=9).version()
    rows[3]["answer"] = "A"
    others = [
        task(write(tmp_path / "b.jsonl", rows), "choice", CHOICE),
        task(path, "choice", Prompt(template=CHOICE.template, single="选一项！")),
        task(path, "choice", CHOICE, shots=Shots(number=1)),
        task(path, "choice", CHOICE, shots=Shots(number=1, seed=1)),
        task(path, "choice", CHOICE, shuffle=0),
        task(path, "choice", CHOICE, limit=7),
    ]
    assert len({version, *(other.version() for other in others)}) == 7


@pytest.mark.parametrize(
    ("kind", "rows", "line"),
    [
        ("question", [question(1), question(2) | {"answers": []}], r"a\.jsonl:2: missing answers$"),
        ("question", [question(1), question(2) | {"answers": ["", None]}], r"a\.jsonl:2: missing answers$"),
        ("question", [question(1), question(1)], r"a\.jsonl:2: the id q1 came before, at .*a\.jsonl:1$"),
        ("question", [{"frage": "?", "antwort": "!"}], r":1: no column question; columns found: frage, antwort$"),
        ("question", [{"question": "?"}], r":1: no column answers or answer; columns found: question$"),
        ("question", [question(1), question(2) | {"question": " "}], r":2: empty question$"),
        ("question", [["question"]], r":1: a question must be an object, not list$"),
        ("question", [question(1, egress="lokal")], r":1: egress must be any or local, not 'lokal'$"),
        ("question", [choice(1)], r":1: column options in a task of kind question \(rather kind: choice\?\)$"),
        ("question", [question(1, passage="文")], r":1: column passage .* \(rather kind: reading\?\)$"),
        (
            "reading",
            [choice(1, passage="文")],
            r":1: column options in a task of kind reading \(rather kind: choice\?\)$",
        ),
        ("reading", [question(1)], r":1: no column passage or context or case; columns found: id, question, answers$"),
        ("choice", [question(1)], r":1: no column options or option; columns found: id, question, answers$"),
        ("choice", [choice(1), choice(2, "C")], r":2: the answer C is outside the options \(A, B\)$"),
        ("choice", [choice(1, "")], r":1: missing answers$"),
        ("choice", [choice(1, "甲")], r":1: the answer must be letters of options, not '甲'$"),
        ("choice", [choice(1, "AB", type="single")], r":1: 2 right letters \(AB\) in a question of type single$"),
        ("choice", [choice(1) | {"options": {"A": "甲", "B": ""}}], r":1: fewer than two options$"),
        ("choice", [choice(1) | {"options": {"A": "甲", "乙": "丙"}}], r":1: options: '乙' is no letter of an option$"),
    ],
)
def test_a_fault_is_one_line_with_file_and_line(tmp_path, kind, rows, line):
    prompt = {"question": PLAIN, "choice": CHOICE, "reading": READING}[kind]
    with pytest.raises(UserError, match=line) as caught:
        task(write(tmp_path / "a.jsonl", rows), kind, prompt).items()
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_an_empty_file_and_broken_lines_are_named(tmp_path):
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(UserError, match=r"a\.jsonl: no records"):
        task(str(tmp_path / "a.jsonl")).items()
    (tmp_path / "b.jsonl").write_text('{"question": "?", "answer": "!"}\n{"question"\n', "utf-8")
    with pytest.raises(UserError, match=r"b\.jsonl:2: not JSON"):
        task(str(tmp_path / "b.jsonl")).items()
    with pytest.raises(UserError, match=r"c\.jsonl: no such file"):
        task(str(tmp_path / "c.jsonl")).check()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"kind": "quiz"}, "mine.kind: 'quiz' is none of question, choice, reading"),
        ({"egress": "none"}, "mine.egress: 'none' is none of any, local"),
        ({"limit": 0}, "must be above 0"),
        ({"shuffle": 1}, "shuffle and official are for tasks of kind choice, not question"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_once(settings, line):
    with pytest.raises(UserError, match=line):
        Task(**{"name": "mine", "kind": "question", "path": "a", "prompt": PLAIN, "metrics": [], **settings})


def test_a_layout_for_another_kind_is_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", [question(1)])
    with pytest.raises(UserError, match="AnesBench holds items of kind choice; the task's kind is question"):
        task(path, reader=AnesBench()).items()


def test_a_limit_draws_items_in_the_order_of_the_file_and_shuffling_keeps_the_answers(tmp_path):
    rows = [choice(n, "A", options={letter: f"{letter}{n}" for letter in "ABCDE"}) for n in range(30)]
    path = write(tmp_path / "a.jsonl", rows)
    plain, mixed = (
        task(path, "choice", CHOICE, limit=20).items(),
        task(path, "choice", CHOICE, limit=20, shuffle=5).items(),
    )
    ids = [item.id for item in mixed]
    assert len(ids) == 20 and ids == sorted(ids, key=lambda name: int(name[1:])) != [f"c{n}" for n in range(20)]
    other = task(path, "choice", CHOICE, limit=20, limit_seed=1).items()
    assert ids == [item.id for item in plain] != [item.id for item in other]
    whole, all_of_them = task(path, "choice", CHOICE), task(path, "choice", CHOICE, limit=30, limit_seed=3)
    assert all_of_them.version() == whole.version()
    assert [item.options[item.answers[0]] for item in mixed] == [item.options["A"] for item in plain]
    assert len({item.answers for item in mixed}) == 5
