import re

import pytest

from hypnos.specialty.units import UNIT, any_of, normalise, parse_unit, read_amount


@pytest.mark.parametrize(
    ("text", "unit", "factor"),
    [
        ("mg", "mg", 1),
        ("μg", "mg", 0.001),
        ("µg", "mg", 0.001),  # the micro sign, not the Greek letter
        ("ug/kg", "mg/kg", 0.001),
        ("mcg", "mg", 0.001),
        ("微克/公斤", "mg/kg", 0.001),
        ("毫克", "mg", 1),
        ("mL/kg", "mL/kg", 1),
        ("毫升", "mL", 1),
        ("IU", "IU", 1),
        ("单位", "IU", 1),
        ("mg/kg/h", "mg/kg/h", 1),
        ("mg/kg·h", "mg/kg/h", 1),
        ("mg·kg⁻¹·h⁻¹", "mg/kg/h", 1),
        ("mg kg-1 h-1", "mg/kg/h", 1),
        ("μg/kg/min", "mg/kg/h", 0.06),
        ("μg·kg⁻¹·min⁻¹", "mg/kg/h", 0.06),
        ("μg/(kg·min)", "mg/kg/h", 0.06),
        ("μg/min/kg", "mg/kg/h", 0.06),
        ("微克/千克/分钟", "mg/kg/h", 0.06),
        ("ｍｇ／ｋｇ", "mg/kg", 1),
        ("mg/次", "mg", 1),
        ("g/kg", "mg/kg", 1000),
        ("克", "mg", 1000),
        ("U/kg", "IU/kg", 1),
        ("毫克/每公斤", "mg/kg", 1),
        ("mL/h", "mL/h", 1),
    ],
)
def test_units_come_in_one_notation(text: str, unit: str, factor: float) -> None:
    parsed, times = parse_unit(text)
    assert parsed == unit
    assert times == pytest.approx(factor)


@pytest.mark.parametrize("text", ["", "kg", "mmHg", "mg/mL", "%", "mg/m2", "ng", "min", "千克", "g/L"])
def test_what_is_not_a_dose_unit(text: str) -> None:
    with pytest.raises(ValueError, match="not a unit"):
        parse_unit(text)


def test_a_concentration_holds_no_unit_of_a_dose() -> None:
    assert re.match(UNIT, "mg/kg 静注")[0] == "mg/kg"
    assert [text for text in ("μg/ml", "mg:1 ml", "mg/m2", "mg 每支") if re.match(UNIT, text)] == []


def test_longer_words_are_looked_for_first() -> None:
    assert any_of(["a", "a+b"]) == r"a\+b|a"


def test_one_spelling() -> None:
    assert normalise("２㎎／ＫＧ µg") == "2mg/kg μg"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("1,000", 1000),
        ("2.5万", 25000),
        ("1 万", 10000),
        ("一百二十", 120),
        ("零点六", 0.6),
        ("两三", None),
    ],
)
def test_amounts(text: str, value: float | None) -> None:
    assert read_amount(text) == value
