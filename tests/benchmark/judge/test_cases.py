import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.cases import TaskAnswers
from hypnos.benchmark.predictions import Prediction
from hypnos.errors import UserError


def answered(item, answer, sample=0):
    return Prediction(item=item, prompt="", raw=answer, answer=answer, finished=True, tokens=1, sample=sample)


ITEMS = [Item(id=f"q{n}", kind="question", question="?", answers=("!",)) for n in (1, 2)]


def test_answers_come_question_by_question_with_samples_in_order():
    predictions = {"a": [answered("q2", "丙"), answered("q1", "乙", 1), answered("q1", "甲", 0)]}
    predictions["b"] = [answered("q1", "丁"), answered("q2", "戊"), answered("q9", "不在题中")]
    answers = TaskAnswers(task="t", items=ITEMS, predictions=predictions)
    shown = [(case.item.id, case.model, case.prediction.answer) for case in answers.cases()]
    assert shown == [("q1", "a", "甲"), ("q1", "a", "乙"), ("q1", "b", "丁"), ("q2", "a", "丙"), ("q2", "b", "戊")]
    assert [case.item.id for case in answers.cases(1)] == ["q1", "q1", "q1"]


def test_a_missing_answer_is_named_where_it_is_needed():
    answers = TaskAnswers(task="t", items=ITEMS, predictions={"a": [answered("q1", "甲")]})
    assert len(list(answers.cases(1))) == 1
    with pytest.raises(UserError, match=r"t: a has no answer to q2 \(1 of 2 missing\)"):
        list(answers.cases())


@pytest.mark.parametrize(
    ("task", "item", "egress"), [("any", "any", "any"), ("local", "any", "local"), ("any", "local", "local")]
)
def test_task_or_item_keeps_an_answer_on_this_machine(task, item, egress):
    private = Item(id="q", kind="question", question="?", answers=("!",), egress=item)
    assert TaskAnswers(task="t", items=[private], predictions={}, egress=task).egress_of(private) == egress
