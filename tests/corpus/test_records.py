from hypnos.corpus.records import Instruction, Rejections


def test_material_stands_on_lines_of_its_own_below_the_instruction() -> None:
    assert Instruction("a", "总结病历", "好", input="男，60岁").question == "总结病历\n男，60岁"
    assert Instruction("a", "你好", "好").question == "你好"


def test_turns_of_a_conversation_end_with_the_answer() -> None:
    record = Instruction("a", "再问", "再答", input="材料", history=(("问", "答"),))
    assert record.messages() == [
        {"role": "user", "content": "问"},
        {"role": "assistant", "content": "答"},
        {"role": "user", "content": "再问\n材料"},
        {"role": "assistant", "content": "再答"},
    ]


def test_like_reasons_are_counted_together_and_few_are_listed() -> None:
    rejections = Rejections()
    for number in range(250):
        rejections.add(f"f:{number}", f"the prompt has {500 + number} tokens")
    assert rejections.counts == {"the prompt has # tokens": 250}
    assert rejections.total == 250
    assert len(rejections.examples) == 100
    assert rejections.examples[99] == {"where": "f:99", "reason": "the prompt has 599 tokens"}
