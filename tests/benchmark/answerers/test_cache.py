import orjson
import pytest

from hypnos.artefacts.store import partial_of
from hypnos.benchmark.answerers.answerer import Answerer
from hypnos.benchmark.answerers.cache import COMING, FILE, answers_folder, answers_of
from hypnos.benchmark.predictions import Prediction

ITEMS = [{"id": f"q{i}", "question": f"问题{i}？", "answers": [f"答案{i}"], "topic": "airway"} for i in range(7)]


class Counter(Answerer):
    """Answers in groups of two, and is stopped before a group if told so."""

    name = "counter"

    def __init__(self, stop_before: int | None = None):
        self.stop_before = stop_before
        self.answered: list[str] = []

    def key(self, task, request_type):
        return {"counter": 1}

    def check(self, tasks):
        pass

    def close(self):
        pass

    def answer(self, task, items, request_type, *, done):
        for start in reversed(range(0, len(items), 2)):
            group = items[start : start + 2]
            if all((item.id, 0) in done for item in group):
                continue
            if start == self.stop_before:
                raise KeyboardInterrupt
            self.answered += [item.id for item in group]
            yield [
                Prediction(item=item.id, prompt="?", raw=f"{item.id}!", answer=f"{item.id}!", finished=True, tokens=3)
                for item in group
            ]


def test_answers_are_kept_in_the_order_of_the_items_and_found_again(tmp_path, make_task):
    task = make_task(ITEMS)
    counter = Counter()
    first = answers_of(counter, task, "generation", artefacts=tmp_path)
    assert [one.item for one in first] == [row["id"] for row in ITEMS]
    assert answers_of(counter, task, "generation", artefacts=tmp_path) == first
    assert len(counter.answered) == 7


def test_what_a_stopped_run_answered_is_not_answered_again(tmp_path, make_task):
    task = make_task(ITEMS)
    whole = answers_of(Counter(), task, "generation", artefacts=tmp_path / "whole")
    stopped = Counter(stop_before=2)
    with pytest.raises(KeyboardInterrupt):
        answers_of(stopped, task, "generation", artefacts=tmp_path / "broken")
    place = answers_folder(stopped, task, "generation", artefacts=tmp_path / "broken")
    coming = partial_of(place) / COMING
    assert not place.exists() and len(coming.read_bytes().splitlines()) == 3
    again = Counter()
    assert answers_of(again, task, "generation", artefacts=tmp_path / "broken") == whole
    assert again.answered == ["q2", "q3", "q0", "q1"]
    assert (place / FILE).read_bytes() == (
        answers_folder(again, task, "generation", artefacts=tmp_path / "whole") / FILE
    ).read_bytes()


def test_a_line_that_was_being_written_is_taken_off_and_its_group_answered_again(tmp_path, make_task):
    task = make_task(ITEMS)
    with pytest.raises(KeyboardInterrupt):
        answers_of(Counter(stop_before=0), task, "generation", artefacts=tmp_path)
    coming = partial_of(answers_folder(Counter(), task, "generation", artefacts=tmp_path)) / COMING
    content = coming.read_bytes()
    coming.write_bytes(content[:-20])
    again = Counter()
    found = answers_of(again, task, "generation", artefacts=tmp_path)
    assert [one.item for one in found] == [row["id"] for row in ITEMS]
    assert again.answered == ["q2", "q3", "q0", "q1"]


def test_another_question_is_another_artefact(tmp_path, make_task):
    one = answers_folder(Counter(), make_task(ITEMS), "generation", artefacts=tmp_path)
    changed = [{**ITEMS[0], "question": "换一个？"}, *ITEMS[1:]]
    assert answers_folder(Counter(), make_task(changed), "generation", artefacts=tmp_path) != one


def test_answers_kept_before_it_was_noted_are_told_apart_by_their_length(tmp_path, make_task):
    task = make_task(ITEMS[:3], max_new_tokens=8)
    counter = Counter()
    answers_of(counter, task, "generation", artefacts=tmp_path)
    file = answers_folder(counter, task, "generation", artefacts=tmp_path) / FILE
    rows = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    for row, changes in zip(
        rows, [{"tokens": 8}, {"tokens": 5}, {"tokens": 0, "rule": "prompt too long"}], strict=True
    ):
        row.pop("out_of_context")
        row.update(finished=False, **changes)
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    kept = answers_of(counter, task, "generation", artefacts=tmp_path)
    assert [one.out_of_context for one in kept] == [False, True, True]
