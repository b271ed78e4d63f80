"""Doses and names of drugs."""

from pathlib import Path

import pytest

from hypnos.curation.clean.doses import DoseUnit, DoseWindow
from hypnos.curation.clean.drugs import ConfusedDrug
from hypnos.errors import UserError

ROOT = Path(__file__).parents[3]
HERE = {"specialty": "anesthesia", "root": str(ROOT)}
UNIT, WINDOW, CONFUSED = DoseUnit(**HERE), DoseWindow(**HERE), ConfusedDrug(**HERE)


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


@pytest.mark.parametrize(
    ("instruction", "output", "reason"),
    [
        ("瑞芬太尼有什么特点？", "舒芬太尼由酯酶水解，停药即醒。", "舒芬太尼, asked was 瑞芬太尼"),
        ("去甲肾上腺素怎么用？", "肾上腺素持续泵注维持血压。", "肾上腺素, asked was 去甲肾上腺素"),
        ("司可林怎么用？", "琥珀胆碱用于插管。", None),  # another name of the same
        ("瑞芬太尼有什么特点？", "瑞芬太尼由酯酶水解，舒芬太尼则经肝代谢。", None),
        ("除了瑞芬太尼还能用什么？", "舒芬太尼。", None),
        ("瑞芬太尼过敏怎么办？", "改用舒芬太尼。", None),
        ("瑞芬太尼有什么特点？", "丙泊酚起效快。", None),  # not alike: a bad answer, but no mix-up of names
        ("顺阿曲库铵经何途径消除？", "阿曲库铵经霍夫曼消除。", "阿曲库铵, asked was 顺阿曲库铵"),
        ("你好，孩子没有大便怎么办？另外，吗啡怎么用？", "氢吗啡酮起效快。", "氢吗啡酮, asked was 吗啡"),
        # fentanyl's dose, not yet tenfold
        ("诱导怎么给药？", "舒芬太尼 3 μg/kg 静注。", "舒芬太尼 3 μg/kg, a dose of 芬太尼"),
        ("诱导怎么给药？", "芬太尼 3 μg/kg 静注。", None),
    ],
)
def test_look_alikes(instruction, output, reason):
    assert CONFUSED.check(record(output, instruction)) == (reason and f"drug_confused: {reason}")


def test_a_folder_without_names_is_a_users_error(tmp_path):
    (tmp_path / "doses.yaml").write_text("drugs: [{name: 甲}]", "utf-8")
    rule = ConfusedDrug(specialty=str(tmp_path))
    with pytest.raises(UserError, match=r"names\.yaml"):
        rule.check(record("甲"))
    with pytest.raises(UserError, match="specialty=nowhere"):
        DoseUnit(specialty="nowhere", root=str(tmp_path)).key()
