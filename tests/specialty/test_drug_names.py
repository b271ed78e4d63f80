"""Drug names in text: the longest that fits, at its place in the text as written."""

import pytest

from hypnos.specialty.drug_names import DrugNames, align
from hypnos.specialty.drugs import Drug

NAMES = DrugNames([Drug("肾上腺素"), Drug("去甲肾上腺素"), Drug("丙泊酚", ("异丙酚", "Propofol"))])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("去甲肾上腺素不是肾上腺素", [("去甲肾上腺素", "去甲肾上腺素"), ("肾上腺素", "肾上腺素")]),
        ("异丙酚", [("丙泊酚", "异丙酚")]),
        ("用ＰＲＯＰＯＦＯＬ", [("丙泊酚", "ＰＲＯＰＯＦＯＬ")]),
        ("㎎、㎏之后的丙泊酚", [("丙泊酚", "丙泊酚")]),  # signs that are spelt with two letters move what follows
        ("无", []),
    ],
)
def test_names_and_places(text: str, found: list) -> None:
    assert [(m.drug, text[m.start : m.end]) for m in NAMES.find(text)] == found


def test_no_names_find_nothing() -> None:
    assert list(DrugNames([]).find("丙泊酚")) == []


def test_every_character_has_a_place() -> None:
    written, places = align("1㎎/㎏")
    assert written == "1mg/kg" and list(places) == [0, 1, 1, 2, 3, 3, 4]
