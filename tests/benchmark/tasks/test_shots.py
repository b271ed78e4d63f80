import json
from pathlib import Path

import pytest

from hypnos.benchmark.tasks.prompts import Prompt
from hypnos.benchmark.tasks.shots import Shots
from hypnos.benchmark.tasks.task import Task
from hypnos.errors import UserError

PLAIN = Prompt(template="{question}")


def write(path: Path, rows: list) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def question(number: int, **more) -> dict:
    return {"id": f"q{number}", "question": f"问题{number}？", "answers": [f"答{number}"], **more}


def task(path: str, kind: str = "question", prompt: Prompt = PLAIN, **more) -> Task:
    return Task(name="mine", kind=kind, path=path, prompt=prompt, metrics=["length"], **more)


def test_examples_are_never_the_item_its_group_or_its_question_and_of_groups_of_their_own(tmp_path):
    rows = [question(n, group=f"g{n // 2}") for n in range(12)] + [question(20) | {"question": "问题3？"}]
    mine = task(write(tmp_path / "a.jsonl", rows), shots=Shots(number=4))
    for item in mine.items():
        examples = mine.examples(item)
        assert len(examples) == len({example.group for example in examples}) == 4
        assert item.group not in {example.group for example in examples}
        assert item.question not in {example.question for example in examples}
    again = task(mine.path, shots=Shots(number=4))
    assert [again.messages(item) for item in again.items()] == [mine.messages(item) for item in mine.items()]
    other = task(mine.path, shots=Shots(number=4, seed=1))
    assert [other.examples(item) for item in other.items()] != [mine.examples(item) for item in mine.items()]


def test_examples_of_a_file_of_their_own(tmp_path):
    dev = write(tmp_path / "dev.jsonl", [question(1) | {"question": "例？"}, question(2) | {"question": "再例？"}])
    mine = task(write(tmp_path / "a.jsonl", [question(1), question(2)]), shots=Shots(number=2, path=dev))
    # The same id in another file is another item.
    assert {example.question for example in mine.examples(mine.items()[0])} == {"例？", "再例？"}


def test_too_few_examples_are_named(tmp_path):
    mine = task(write(tmp_path / "a.jsonl", [question(1), question(2)]), shots=Shots(number=2))
    with pytest.raises(UserError, match=r"shots\.number: 2 examples asked, 1 fit item q1"):
        mine.messages(mine.items()[0])


def test_what_must_stay_local_is_no_example_for_what_may_leave(tmp_path):
    rows = [question(1), question(2, egress="local"), question(3, egress="local"), question(4)]
    mine = task(write(tmp_path / "a.jsonl", rows), shots=Shots(number=1))
    for item in mine.items():
        if item.egress == "any":
            assert [example.egress for example in mine.examples(item)] == ["any"]
    local = task(mine.path, egress="local")
    assert {item.egress for item in local.items()} == {"local"}
