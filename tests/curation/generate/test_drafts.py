"""Records read out of replies in many forms."""

import pytest

from hypnos.curation.generate.drafts import read_drafts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('{"records": [{"instruction": "问", "input": "", "output": "答"}]}', 1),
        ('```json\n{"records": [{"instruction": "问", "output": "答"}]}\n```', 1),
        ('好的：\n[{"instruction": "问", "output": "答"}, {"instruction": "问二", "output": "答二"}]', 2),
        ('{"records": [{"instruction": "问", "input": ["甲", "乙"], "output": "答"}, {"output": "没有问题"}]}', 2),
        ('{"records": [{"instruction": "问", "output": ""}]}', 1),  # cleaning counts it
        ('{"records": []}', None),
        ('{"records": [{"instruction": "问"}]}', None),
        ("抱歉，我不能。", None),
        ('{"records": [{"instruction": "问", "inp', None),
    ],
)
def test_replies_are_read(text, count):
    drafts = read_drafts(text)
    assert (len(drafts) if drafts else None) == count


def test_options_that_come_as_a_list_or_an_object_become_lines():
    (draft,) = read_drafts('{"records": [{"instruction": "选", "input": {"A": "甲", "B": "乙"}, "output": "A"}]}')
    assert draft.input == "A. 甲\nB. 乙"
    assert draft.question == "选\nA. 甲\nB. 乙"


CASES = [
    ("LaTeX, a valid escape", r'{"records": [{"instruction": "维持量怎么算？", "input": "", "output": "按 0.1 \times 60 = 6 计算。"}]}', [("维持量怎么算？", "", r"按 0.1 \times 60 = 6 计算。")]),
    ("more of it", r'{"records": [{"instruction": "公式？", "input": "", "output": "\frac{1}{2} 量，\beta 受体"}]}', [("公式？", "", r"\frac{1}{2} 量，\beta 受体")]),
    ("LaTeX, an invalid escape", r'{"records": [{"instruction": "泵注速度？", "input": "", "output": "0.1 \mu g/kg/min"}]}', [("泵注速度？", "", r"0.1 \mu g/kg/min")]),
    ("LaTeX that begins like an escape", r'{"records": [{"instruction": "\upsilon 是什么？", "input": "\(x\)", "output": "\u9ebb\u9189 \"量\"\n\\mu"}]}', [(r"\upsilon 是什么？", r"\(x\)", '麻醉 "量"\n\\mu')]),
    ("a record a line", '{"instruction": "甲？", "input": "", "output": "甲答。"}\n{"instruction": "乙？", "input": "", "output": "乙答。"}', [("甲？", "", "甲答。"), ("乙？", "", "乙答。")]),
    ("an array for each record", '[{"instruction": "甲？", "input": "", "output": "甲答。"}]\n\n[{"instruction": "乙？", "input": "", "output": "乙答。"}]', [("甲？", "", "甲答。"), ("乙？", "", "乙答。")]),
    ("an object for each record", '{"records": [{"instruction": "甲？", "output": "甲答。"}]}\n{"records": [{"instruction": "乙？", "output": "乙答。"}]}', [("甲？", "", "甲答。"), ("乙？", "", "乙答。")]),
    ("one object", '{"instruction": "甲？", "input": "", "output": "甲答。"}', [("甲？", "", "甲答。")]),
    ("one object in the place of the list", '{"records": {"instruction": "甲？", "input": "", "output": "甲答。"}}', [("甲？", "", "甲答。")]),
    ("half an emoji", r'{"records": [{"instruction": "恶心\ud83d怎么办？", "input": "", "output": "昂丹司琼。"}]}', [("恶心\ufffd怎么办？", "", "昂丹司琼。")]),
    ("a correction", '[{"instruction": "甲？", "output": "初稿。"}] 修改后：[{"instruction": "甲？", "output": "定稿。"}]', [("甲？", "", "定稿。")]),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "right"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_models_write_for_records_is_read_whole(reply, right):
    drafts = read_drafts(reply)
    assert [(draft.instruction, draft.input, draft.output) for draft in drafts] == right
    assert all(draft.whole for draft in drafts)
    for draft in drafts:
        (draft.instruction + draft.input + draft.output).encode()


def test_what_is_no_record_beside_records_is_handed_on_last_so_that_it_is_counted():
    reply = '{"records": [{"output": "没有问题"}, {"instruction": "甲？", "output": "甲答。"}, {"instruction": "乙？"}, {"instruction": {"a": [1]}, "output": "丙"}]}'
    drafts = read_drafts(reply)
    assert [draft.whole for draft in drafts] == [True, False, False, False]
    assert drafts[0].instruction == "甲？"


WHOLE = '{"instruction": "问1", "input": "", "output": "答1"}, {"instruction": "问2 [甲]", "input": {"A": "一"}, "output": "A"}'


@pytest.mark.parametrize(
    "reply",
    [
        f'{{"records": [{WHOLE}, {{"instruction": "问3", "inp',
        f'{{"records": [{WHOLE}, {{"instruction": "问3", "input": {{"instruction": "内", "output": "里"}}, "outp',
        f'{{"records": [{WHOLE}, {{"instruction": "问3", "input": "", "output": "答3',
        f'{{"records": [{WHOLE}, {{',
        f'{{"records": [{WHOLE}',
        f'好的：\n```json\n{{"records":\n[{WHOLE}, {{"instruction": "问3',
        f"[{WHOLE}, {{",
        WHOLE.replace("}, {", "}\n{") + '\n{"instruction": "问3", "inp',
        f'<think>先写{{"records": [{{"instruction": "想"}}</think>{{"records": [{WHOLE}, {{"instruction": "问3',
    ],
)
def test_of_a_reply_that_breaks_off_the_records_before_that_place_are_kept(reply):
    drafts = read_drafts(reply)
    assert [(draft.instruction, draft.output, draft.whole) for draft in drafts] == [
        ("问1", "答1", True),
        ("问2 [甲]", "A", True),
    ]


@pytest.mark.parametrize(
    "reply",
    [
        '{"records": [{"instruction": "问1", "input": {"instruction": "内", "output": "里"}, "outp',
        '{"explanation": "见表 [1]：{"',
        '{"note": {"instruction": "甲？", "output": "答"}, "rec',
    ],
)
def test_nothing_is_read_inside_the_record_that_breaks_off(reply):
    assert read_drafts(reply) is None
