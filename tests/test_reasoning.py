import pytest

from hypnos.reasoning import cut_thinking, leaves_open


@pytest.mark.parametrize(
    ("text", "answer", "thought"),
    [
        ("选B", "选B", 0),
        ("<think>先看体重</think>选B", "选B", 4),
        ("<think>\n先看\n</think>\n\n选B", "选B", 2),
        ("<THINK>看</THINK>选B", "选B", 1),
        ("<thinking>看</thinking>选B", "选B", 1),
        ("好。<think>再想</think>选B", "好。选B", 2),
        ("<think>一</think>甲<think>二二</think>乙", "甲乙", 3),
        ("<think>没有想完就被截断", "", 8),
        ("答A。<think>没有想完", "答A。", 4),
        ("标签在提示里</think>选B", "选B", 6),
        ("<think></think>选B", "选B", 0),
        ("", "", 0),
        ("a < b 且 <thin> 不是标签", "a < b 且 <thin> 不是标签", 0),
        ("<seed:think>先看</seed:think>选B", "选B", 2),
        ("<reasoning>先看</reasoning>\n选B", "选B", 2),
        ("<thought>先看</thought>选B", "选B", 2),
        ("[THINK]先看[/THINK]选B", "选B", 2),
        ("◁think▷先看◁/think▷选B", "选B", 2),
        ("<|begin_of_thought|>先看<|end_of_thought|><|begin_of_solution|>选B<|end_of_solution|>", "选B", 2),
        ("<unused94>thought先看<unused95>选B", "选B", 2),
        ("<think>写</reasoning>再写</think>选B", "选B", 15),  # another mark within is part of the reasoning
        (
            "<|channel|>analysis<|message|>Is it A?<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>",
            "B",
            8,
        ),
        ("<|channel|>analysis<|message|>Is it A?", "", 8),
        ("analysisIs it A?assistantfinalB", "B", 8),  # the same without special tokens
        ("## Thinking\n\n先看\n\n## Final Response\n\n选B", "选B", 2),
        ("## Thinking\n\n先看", "", 2),
        ("## 思考题\n\n选B", "## 思考题\n\n选B", 0),
        ("选B\n\n## Final Response 是标题", "选B\n\n## Final Response 是标题", 0),
    ],
)
def test_reasoning_is_cut_off_and_counted(text, answer, thought):
    assert cut_thinking(text) == (answer, thought)


def test_a_tag_that_the_prompt_opened_is_closed_by_the_reply_or_never():
    assert cut_thinking("先想</think>选B", opened=True) == ("选B", 2)
    assert cut_thinking("想不完", opened=True) == ("", 3)


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("<|start|>assistant<|channel|>analysis<|message|>", True),
        ("<|channel|>final<|message|>", False),
        ("[THINK]", True),
        ("问\n答：", False),
        ("问<think>\n", True),
        ("<think></think>", False),
        ("<think>a</think><think>", True),
    ],
)
def test_whether_a_prompt_ends_within_a_tag(prompt, opened):
    assert leaves_open(prompt) is opened


def test_megabytes_of_tags_are_read_once():
    closed, opened = "</think>", "<think>"
    assert cut_thinking(closed * 200_000) == ("", 0)
    assert cut_thinking("甲" + closed * 200_000 + "乙" + opened) == ("乙", 1)
    assert cut_thinking((opened + "想" + closed + "答") * 100_000) == ("答" * 100_000, 100_000)
