import pytest

from hypnos.llm.parsing.open_thought import closing_of, mark_before, open_mark
from hypnos.reasoning import cut_thinking

MARKS = [
    *("<think>", "<thinking>", "<seed:think>", "<|think|>", "[THINK]", "◁think▷", "<|begin_of_thought|>"),
    *("<unused94>thought", "## Thinking\n", "<|channel|>analysis<|message|>"),
]


@pytest.mark.parametrize("mark", MARKS)
def test_what_ends_a_thought_leaves_the_answer_alone(mark):
    begun = f"{mark}答案是A？不对。"
    assert open_mark(begun) == mark
    closed = begun + closing_of(mark)
    assert open_mark(closed) == ""
    assert cut_thinking(f"{closed}B")[0] == "B"


def test_a_mark_of_another_kind_within_a_thought_is_part_of_it():
    assert open_mark("<think>a<reasoning>b</reasoning>") == "<think>"
    assert open_mark("<think>a</think>b") == ""
    assert open_mark("b") == ""


def test_a_template_opens_a_thought_at_its_very_end_and_a_question_opens_none():
    assert mark_before("<|user|>什么？<|assistant|><think>\n") == "<think>"
    assert mark_before("<|user|><think>是什么？<|assistant|>") == ""
    assert mark_before("<|assistant|><think>\n\n</think>\n\n") == ""
    assert mark_before("x<|channel|>analysis<|message|>") == "<|channel|>analysis<|message|>"
