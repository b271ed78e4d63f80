import pytest

from hypnos.benchmark.thinking import Thinking, TokenLimits, limits, read_thinking
from hypnos.errors import UserError


def test_a_thought_has_tokens_of_its_own_beside_those_of_the_answer():
    assert TokenLimits(answer=32, thinking=Thinking(mode="on", tokens=100)).total == 132
    assert TokenLimits(answer=32, thinking=Thinking(mode="off", tokens=100)).total == 32
    assert TokenLimits(answer=32).total == 32


def test_the_model_counts_before_the_task():
    task, model = Thinking(mode="on", tokens=9), Thinking(mode="off")
    assert limits(answer=4, task=task, model=None).thought == 9
    assert limits(answer=4, task=task, model=model).thought == 0
    assert limits(answer=4, task=None, model=None).key() == {"max_new_tokens": 4}


@pytest.mark.parametrize(("mode", "meant"), [(True, "on"), (False, "off"), ("as_is", "as_is")])
def test_a_bare_on_of_yaml_is_what_it_was_meant_to_be(mode, meant):
    assert read_thinking({"mode": mode, "tokens": 5}, "x") == Thinking(mode=meant, tokens=5)


def test_thinking_without_tokens_is_refused():
    assert read_thinking(None, "x") is None
    with pytest.raises(UserError, match=r"^x: thinking: mode on needs tokens"):
        read_thinking({"mode": "on"}, "x")
