"""Letters that stand for an answer by their place, or by words that announce them."""

import pytest

from hypnos.benchmark.choice.extract import extract


@pytest.mark.parametrize(
    ("reply", "letters", "rule"),
    [
        ("B", "B", "letters alone"),
        ("\\boxed{B}", "B", "marked"),
        ("所以答案是B", "B", "declared"),
        ("答案：B\nA. 起效慢\nC. 作用太久", "B", "declared"),  # remarks on others, and no second letter
        ("答案：\nB\nC", "BC", "declared"),
        ("正确选项有A、B和D，C应避免。", "ABD", "declared"),
        ("答案是B吗？不，应为C。", "C", "declared"),
        ("B：芬太尼最合适，其余不合适", "B", "leading letter"),
        ("第三个选项", "C", "numbered"),
        ("毫无疑问，C", "C", "closing letter"),
    ],
)
def test_the_rule_that_decided_is_named(reply, letters, rule, item):
    assert extract(reply, item()) == (letters, rule)


def test_a_later_announcement_takes_back_an_earlier_one_unless_that_was_final(item):
    assert extract("答案是A。不对，答案应为C。", item())[0] == "C"
    assert extract("最终答案：A\n\n也有人认为答案是C。", item())[0] == "A"
