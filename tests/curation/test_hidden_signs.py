"""What no reader sees is taken out and counted; what is written stays."""

import pytest

from hypnos.curation.hidden_signs import reveal, reveal_row


@pytest.mark.parametrize(
    ("text", "shown", "count"),
    [
        ("肾上腺素 1\u200b0 m\u200dg", "肾上腺素 10 mg", 2),
        ("作为人\u2060工智能，我\ufeff无法", "作为人工智能，我无法", 2),
        ("\u202e剂量 5 mg\u202c", "剂量 5 mg", 2),
        ("丙泊酚 2 m\u0261/kg", "丙泊酚 2 m\u0261/kg", 0),
        ("Рropofol 与 \u0430s an AI", "Propofol 与 as an AI", 2),
        ("舒芬太尼 5 μg/kg，α1 受体，β 阻滞剂，Δ 压", "舒芬太尼 5 μg/kg，α1 受体，β 阻滞剂，Δ 压", 0),
        ("русский текст", "русский текст", 0),
        ("👨\u200d⚕️ 医生", "👨\u200d⚕️ 医生", 0),
        ("plain", "plain", 0),
    ],
)
def test_hidden_signs(text, shown, count):
    assert reveal(text) == (shown, count)


def test_a_record_is_looked_through_with_its_earlier_turns():
    row = {"id": "1\u200b", "instruction": "问\u200b", "output": "答", "history": [["早\u200b", "好"]]}
    shown, count = reveal_row(row)
    assert shown == {"id": "1\u200b", "instruction": "问", "output": "答", "history": [["早", "好"]]}
    assert count == 2
