"""Results as plain data."""

from hypnos.report.results import Question


def test_questions_of_one_group_are_resampled_together_and_one_without_stands_alone() -> None:
    first, second = (Question(id=name, question="问", references=(), group="stem") for name in ("a", "b"))
    assert first.cluster == second.cluster == "stem"
    alone = [Question(id=name, question="问", references=()).cluster for name in ("stem", "c")]
    assert len({*alone, "stem"}) == 3  # and an id that reads like a group's name joins no group


def test_answers_to_a_task_come_in_the_order_of_the_models(results) -> None:
    assert [answers.model for answers in results.answers_to("pick")] == ["good", "bad"]
    assert results.answers_to("unknown") == []
    assert results.answers_of(model="bad", task="open").texts[3] == "气管插管"
    assert results.answers_of(model="bad", task="unknown") is None
