"""The other author answers a record's question again; the record itself stays as it is."""

import json

import pytest

from hypnos.curation.pairs.second_answers import SecondAnswers, answered_by
from hypnos.errors import UserError


def answer_again(prompt, sample):
    return json.dumps({"answer": f"再答：{prompt.count('问')}"}, ensure_ascii=False)


@pytest.fixture
def answered(specialty, author, client):
    def run(rows, *, answer=answer_again, names=("a", "b"), **knobs):
        models = {name: author(name, answer) for name in names}
        step = SecondAnswers(specialty=specialty, authors=models, client=client, **knobs)
        rejected: list[tuple[str, dict]] = []
        return list(step.run(rows, lambda row, reason: rejected.append((reason, row)))), rejected, models, step

    return run


def test_each_question_goes_to_an_author_that_did_not_write_the_record(answered, scored_row):
    rows = [scored_row(1), scored_row(2, author="b"), scored_row(3, author="human"), scored_row(4, author="")]
    seconds, rejected, models, _ = answered(rows)
    assert rejected == []
    assert [(row["author"], row["answers"]) for row in seconds] == [
        ("b", answered_by(rows[0])),
        ("a", answered_by(rows[1])),
    ]
    assert seconds[0]["output"].startswith("再答") and seconds[0]["model"] == "b-0613"
    assert "scores" not in seconds[0] and seconds[0]["topic"] == "airway"
    ((prompt, _),) = models["b"].asked
    assert "问1" in prompt and "答1" not in prompt  # the answer there is shows nothing of itself


def test_three_authors_share_the_work_and_a_share_asks_for_less(answered, scored_row):
    rows = [scored_row(number) for number in range(200)]
    seconds, *_ = answered(rows, names=("a", "b", "c"))
    assert 70 <= sum(row["author"] == "b" for row in seconds) <= 130
    assert not any(row["author"] == "a" for row in seconds)
    fewer, _, _, step = answered(rows, share=0.25)
    assert 30 <= len(fewer) <= 70
    (plan,) = [plan for plan in step.planned(rows) if plan.model.name == "b"]
    assert len(list(plan.requests)) == len(fewer)
    assert [row["author"] for row in step.stand_ins(rows)] == ["b"] * len(fewer)


def test_a_reply_without_an_answer_is_none_and_is_set_aside(answered, scored_row):
    seconds, rejected, models, _ = answered([scored_row(1)], answer=lambda p, s: '{"answer": " "}', attempts=2)
    assert seconds == [] and len(models["b"].asked) == 2
    assert [(reason, row["reply"]) for reason, row in rejected] == [("reply_unreadable", '{"answer": " "}')]


def test_what_must_stay_is_never_sent_and_one_author_is_not_enough(answered, scored_row):
    with pytest.raises(UserError, match="record 7: egress is local"):
        answered([scored_row(7, egress="local")])
    with pytest.raises(UserError, match="needs two authors"):
        answered([], names=("a",))
