"""Doses without a unit, and doses far outside their window."""

from pathlib import Path

import pytest

from hypnos.curation.clean.doses import DoseUnit, DoseWindow

ROOT = Path(__file__).parents[3]
HERE = {"specialty": "anesthesia", "root": str(ROOT)}
UNIT, WINDOW = DoseUnit(**HERE), DoseWindow(**HERE)


def record(output, instruction="如何用药？"):
    return {"id": "1", "instruction": instruction, "input": "", "output": output}


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("罗库溴铵 0.6 静注后插管。", "罗库溴铵 0.6"),
        ("丙泊酚诱导剂量为 1.5～2.5，老年人酌减。", "丙泊酚诱导剂量为 1.5~2.5"),
        ("给予阿托品0.5。", "阿托品0.5"),
        ("头孢曲松2，加入盐水静滴。", "头孢曲松2"),
        ("阿莫西林胶囊每次0.5，一日三次。", "胶囊每次0.5"),
        ("负荷剂量为1，十分钟泵完。", "剂量为1"),
    ],
)
def test_a_dose_without_a_unit(output, shown):
    assert UNIT.check(record(output)) == f"dose_unit: {shown}"


@pytest.mark.parametrize(
    "output",
    [
        "罗库溴铵 0.6 mg/kg 静注。",
        "丙泊酚 1.5～2.5ｍｇ／ｋｇ 静注。",
        "丙泊酚 1.5–2.5 毫克每公斤。",
        "0.5% 罗哌卡因 20 mL。",
        "罗哌卡因浓度为 0.5%。",
        "肾上腺素 1:200000。",
        "吗啡约 3∶1 换算。",
        "阿莫西林胶囊一次2粒，一日3次。",
        "维生素B12 肌注。",
        "甘露醇 20% 静滴，胰岛素 8 单位。",
        "罗库溴铵 2 分钟起效，1 小时后消退。",
        "丙泊酚复合 3 种药物。",
        "用地塞米松0。1～0。2mg。",
        "总蛋白82，白蛋白53.3，不合格。",
        "一天一次2。克霉唑软膏外用。",
        "体温 38.5，脉搏 90，给氧。",
        "右美托咪定 0.5μg/kg，10 分钟泵完。",
    ],
)
def test_numbers_that_are_no_bare_doses(output):
    assert UNIT.check(record(output)) is None


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("舒芬太尼 0.3 mg/kg 诱导。", "dose_window: 舒芬太尼 0.3 mg/kg"),  # a thousandfold
        ("罗库溴铵 6 mg/kg 静注，维持用丙泊酚。", "dose_window: 罗库溴铵 6 mg/kg"),  # tenfold
        ("罗库溴铵 0.6 mg/kg 静注。", None),
        ("罗库溴铵 2.5 mg/kg 静注。", None),  # beyond double: only a warning
        ("罗库溴铵 20 mg 静注。", None),  # no window of this kind
    ],
)
def test_a_dose_far_outside_its_window(output, reason):
    assert WINDOW.check(record(output)) == reason


def test_warnings_are_rejected_on_request():
    verdict = DoseWindow(**HERE, warn=True).check(record("罗库溴铵 2.5 mg/kg 静注。"))
    assert verdict == "dose_window: 罗库溴铵 2.5 mg/kg"
