"""Records read out of replies in many forms."""

import pytest

from hypnos.curation.generate.drafts import read_drafts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('{"records": [{"instruction": "问", "input": "", "output": "答"}]}', 1),
        ('```json\n{"records": [{"instruction": "问", "output": "答"}]}\n```', 1),
        ('好的：\n[{"instruction": "问", "output": "答"}, {"instruction": "问二", "output": "答二"}]', 2),
        ('{"records": [{"instruction": "问", "input": ["甲", "乙"], "output": "答"}, {"output": "没有问题"}]}', 1),
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
