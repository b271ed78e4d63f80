"""Markdown tables as lines."""

import pytest

from hypnos.benchmark.choice.tables import flatten_tables

RULE = "\n|---|---|\n"


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (f"| 题号 | 答案 |{RULE}| 1 | B |", "答案: B"),
        (f"| 初步答案 | 最终答案 |{RULE}| A | B |", "答案: B"),
        (f"| 选项 | 判断 |{RULE}| A | × |\n| B | 正确 |", "A ×\nB 正确"),
        (f"| 选项 | 是否正确 |{RULE}| A | 否 |\n| B | 是 |", "A 错误\nB 正确"),
        ("选项 | 判断\n---|---\nA | 错误", "A 错误"),
        (f"| A | B |{RULE}| 错 | 对 |", "A 错误\nB 正确"),
        (f"| 正确 | 错误 |{RULE}| B | A、C |", "正确的有B\n错误的有A、C"),
        (f"| 选项 | 作用 |{RULE}| A | 加快心率 |", "A. 加快心率"),
        ("| 答案 | B |", "答案: B"),
        ("前文\n| B |\n后文", "前文\nB\n后文"),
        ("a | b", "a | b"),
        ("没有表格", "没有表格"),
    ],
)
def test_rows_say_what_their_columns_mean(table, lines):
    assert flatten_tables(table) == lines
