"""Drugs whose names look alike."""

from pathlib import Path

import pytest

from hypnos.curation.clean.doses import DoseUnit
from hypnos.curation.clean.drugs import ConfusedDrug
from hypnos.errors import UserError

ROOT = Path(__file__).parents[3]
HERE = {"specialty": "anesthesia", "root": str(ROOT)}
CONFUSED = ConfusedDrug(**HERE)


def record(output, instruction="如何用药？"):
    return {"id": "1", "instruction": instruction, "input": "", "output": output}


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
