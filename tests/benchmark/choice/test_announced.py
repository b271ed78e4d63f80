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


@pytest.mark.parametrize(
    "reply",
    [
        "正确选项包括：\n- **A. 吗啡**：起效慢\n- **B. 芬太尼**：起效快\n- **D. 纳洛酮**：拮抗",
        "正确选项包括：\n1. **A. 吗啡**：慢\n2. **B. 芬太尼**：快\n3. **D. 纳洛酮**：拮抗\n\n其他选项：\nC. 舒芬太尼：强",
        "正确答案是：\n\nA. 吗啡：慢。\nB. 芬太尼：快。\nC. 舒芬太尼：不正确，强。\nD. 纳洛酮：拮抗。",
        "正确答案有：\n- 吗啡：慢\n- 芬太尼：快\n- 纳洛酮：拮抗",
        "正确答案：\nA. 吗啡\n   理由：慢\nB. 芬太尼\n   理由：快\nD. 纳洛酮\n   理由：拮抗",
        "正确答案：\nA. 吗啡\nB. 芬太尼\nD. 纳洛酮\nC. 舒芬太尼：强",
        "答案：ABD\n\nC. 舒芬太尼：强",
        "答案：A|B|D",
        "选A、B，以及D",
        "A、B，还有D",
        "AB均正确，此外D也正确",
        "\\boxed{A}、\\boxed{B}、\\boxed{D}",
        '{"A": true, "B": true, "C": false, "D": true}',
    ],
)
def test_of_several_right_options_each_is_read(reply, item):
    assert extract(reply, item(multiple=True))[0] == "ABD"


@pytest.mark.parametrize(
    ("reply", "letters"),
    [
        ("正确答案是：\nB. 芬太尼：快\nA. 吗啡：慢", "B"),
        ("\\boxed{A}、\\boxed{B}", "B"),
        ('{"A": false, "B": true, "C": false}', "B"),
    ],
)
def test_where_one_is_right_no_second_joins_it(reply, letters, item):
    assert extract(reply, item())[0] == letters


def test_a_mark_that_corrects_another_stands_alone_where_several_may_be_right(item):
    assert extract("\\boxed{A}。更正：\\boxed{B}", item(multiple=True))[0] == "B"
    assert extract("选A、B，以及D错误", item(multiple=True))[0] == "AB"
