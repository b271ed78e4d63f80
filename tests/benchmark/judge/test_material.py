from hypnos.benchmark.items import Item
from hypnos.benchmark.judge.material import describe_item, shorten


def test_a_question_is_laid_out_in_the_order_of_reading():
    item = Item(
        id="q",
        kind="reading",
        question="选哪一项？",
        passage="患者，65岁。",
        options={"A": "丙泊酚", "B": "依托咪酯"},
        answers=("依托咪酯",),
        explanation="循环稳定。",
    )
    assert describe_item(item, reference=True) == [
        "【材料 开始】\n患者，65岁。\n【材料 结束】",
        "【题目 开始】\n选哪一项？\n【题目 结束】",
        "【选项 开始】\nA. 丙泊酚\nB. 依托咪酯\n【选项 结束】",
        "【参考答案 开始】\n依托咪酯\n循环稳定。\n【参考答案 结束】",
    ]


def test_what_a_question_lacks_and_the_reference_leave_no_mark():
    item = Item(id="q", kind="question", question="何时停药？", answers=("一", "二"))
    assert describe_item(item, reference=False) == ["【题目 开始】\n何时停药？\n【题目 结束】"]
    assert describe_item(item, reference=True)[1] == "【参考答案 开始】\n1. 一\n2. 二\n【参考答案 结束】"


def test_a_cut_is_shown_and_a_text_of_just_the_limit_is_whole():
    assert shorten("一二三", 3) == "一二三"
    assert shorten("一二三四", 3) == "一二三……（以下从略）"
