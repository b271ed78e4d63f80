import pytest

from hypnos.corpus.records import Unusable
from hypnos.corpus.turns.thoughts import split_answer

ANSWER, THOUGHT = "闭合气量是小气道开始关闭时的气量。", "先回忆生理学知识，再看题目问的是什么。"


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        (ANSWER, {"reasoning": THOUGHT}),
        (ANSWER, {"reasoning_content": f"\n{THOUGHT}\n"}),
        (ANSWER, {"complex_cot": THOUGHT}),
        (f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}", {}),
        (f"<think>{THOUGHT}</think>{ANSWER}", {"reasoning_content": THOUGHT}),
        (f"{THOUGHT}\n</think>\n{ANSWER}", {}),
        (f"## Thinking\n\n{THOUGHT}\n\n## Final Response\n\n{ANSWER}", {}),
        (f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|><|begin_of_solution|>{ANSWER}<|end_of_solution|>", {}),
        (f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}", {}),
    ],
)
def test_a_thought_is_read_wherever_it_is_kept(text, beside):
    assert split_answer(text, beside) == (ANSWER, THOUGHT)


@pytest.mark.parametrize("text", [ANSWER, f"<think>\n\n</think>\n\n{ANSWER}"])
def test_an_empty_thought_is_none(text):
    assert split_answer(text, {"reasoning": " "}) == (ANSWER, "")


@pytest.mark.parametrize(
    "text", ["标记 <think> 何义？", "用 <think>…</think> 包住思考", "## 思考\n甲", "1 < 2 thinking"]
)
def test_marks_that_an_answer_speaks_of_are_its_words(text):
    assert split_answer(text, {}) == (text, "")


@pytest.mark.parametrize("text", ["<think>想", "<think>想</think>", "## Thinking\n想", "想</think> "])
def test_a_thought_without_an_answer_is_no_record(text):
    with pytest.raises(Unusable, match="a thought and no answer"):
        split_answer(text, {})
