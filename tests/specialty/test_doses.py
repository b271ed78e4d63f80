"""Doses in text: which drug, which amount, how far from the window; expectations worked out by hand."""

from pathlib import Path

import pytest

from hypnos.specialty.doses import Dose, find_doses, grade
from hypnos.specialty.drugs import Window, read_windows

SPECIALTY = Path(__file__).parents[2] / "specialty" / "anesthesia"
DRUGS = read_windows(SPECIALTY / "doses.yaml")


def found(text: str) -> list[tuple[str, tuple[float, ...], str]]:
    """Returns drug, values and unit of every dose, the values freed of floating-point dust."""
    return [(dose.drug, tuple(round(v, 9) for v in dose.values), dose.unit) for dose in find_doses(text, DRUGS)]


def grades(text: str, slack: float = 2.0) -> list[str]:
    return [grade(dose, slack=slack) for dose in find_doses(text, DRUGS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("丙泊酚 2 mg/kg 诱导", [("丙泊酚", (2.0,), "mg/kg")]),
        ("丙泊酚２．５ｍｇ／ｋｇ", [("丙泊酚", (2.5,), "mg/kg")]),
        ("依托咪酯 0.3㎎/㎏", [("依托咪酯", (0.3,), "mg/kg")]),
        ("丙泊酚诱导剂量为1.5～2.5mg/kg。", [("丙泊酚", (1.5, 2.5), "mg/kg")]),
        ("丙泊酚 2 mg/kg–2.5 mg/kg", [("丙泊酚", (2.0, 2.5), "mg/kg")]),
        ("罗库溴铵（0.6至1.2 毫克/千克）", [("罗库溴铵", (0.6, 1.2), "mg/kg")]),
        ("舒更葡糖钠 2/4/16 mg/kg", [("舒更葡糖钠", (2.0, 4.0, 16.0), "mg/kg")]),
        ("舒芬太尼0.3微克/公斤", [("舒芬太尼", (0.0003,), "mg/kg")]),
        ("瑞芬太尼 0.1 μg·kg⁻¹·min⁻¹", [("瑞芬太尼", (0.006,), "mg/kg/h")]),
        ("丙泊酚 100 μg/kg/min", [("丙泊酚", (6.0,), "mg/kg/h")]),
        ("20% 脂肪乳 1.5 mL/kg", [("脂肪乳", (1.5,), "mL/kg")]),
        ("肾上腺素每 3–5 分钟静注 1 mg", [("肾上腺素", (1.0,), "mg")]),
        ("咪达唑仑 0.05 mg/kg 每 2 分钟一次", [("咪达唑仑", (0.05,), "mg/kg")]),
        ("丙泊酚（起效快）2 mg/kg", [("丙泊酚", (2.0,), "mg/kg")]),
        ("丙泊酚诱导，常用 2 mg/kg", [("丙泊酚", (2.0,), "mg/kg")]),
    ],
)
def test_a_dose_after_its_drug(text: str, expected: list) -> None:
    assert found(text) == expected


def test_several_drugs_and_several_doses() -> None:
    loading = "右美托咪定负荷量 0.5–1 μg/kg，10 分钟以上泵完，维持 0.2–0.7 μg/kg/h；"
    assert found(loading + "舒芬太尼 0.3 μg/kg、罗库溴铵 0.6 mg/kg") == [
        ("右美托咪定", (0.0005, 0.001), "mg/kg"),
        ("右美托咪定", (0.0002, 0.0007), "mg/kg/h"),
        ("舒芬太尼", (0.0003,), "mg/kg"),
        ("罗库溴铵", (0.6,), "mg/kg"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "瑞芬太尼麻醉结束前静注吗啡 5 mg",
        "阿芬太尼 20 μg/kg",
        "左布比卡因 150 mg",
        "艾司氯胺酮 0.5 mg/kg",
        "去甲肾上腺素 4 mg",
        "异丙肾上腺素 1 mg",
        "肾上腺素受体激动后 1 mg",
        "阿曲库铵 0.5 mg/kg",
        "丙泊酚镇静期间给予帕瑞昔布 40 mg",
    ],
)
def test_another_drug_keeps_its_dose(text: str) -> None:
    assert found(text) == []


def test_nested_names_go_to_the_longer_drug() -> None:
    assert found("舒芬太尼 0.3 μg/kg，芬太尼 3 μg/kg，去氧肾上腺素 100 μg，肾上腺素 1 mg，顺阿曲库铵 0.15 mg/kg") == [
        ("舒芬太尼", (0.0003,), "mg/kg"),
        ("芬太尼", (0.003,), "mg/kg"),
        ("去氧肾上腺素", (0.1,), "mg"),
        ("肾上腺素", (1.0,), "mg"),
        ("顺阿曲库铵", (0.15,), "mg/kg"),
    ]


@pytest.mark.parametrize(
    ("alias", "name"),
    [("异丙酚", "丙泊酚"), ("司可林", "琥珀胆碱"), ("万可松", "维库溴铵"), ("舒更葡糖", "舒更葡糖钠")],
)
def test_an_alias_is_reported_under_its_generic_name(alias: str, name: str) -> None:
    assert found(f"静注{alias} 2 mg/kg") == [(name, (2.0,), "mg/kg")]


def test_an_alias_of_a_drug_given_in_micrograms() -> None:
    assert found("新福林 80 μg") == [("去氧肾上腺素", (0.08,), "mg")]


@pytest.mark.parametrize(
    "text",
    [
        "芬太尼透皮贴剂使用72小时",
        "0.5% 罗哌卡因",
        "丙泊酚靶控浓度 3 μg/mL",
        "丙泊酚靶控 3 μg/mL，血压 90 mmHg，体重 60 kg，年龄 65 岁",
        "丙泊酚 200 mg/20 mL",
        "丙泊酚 20 mL:200 mg",
        "肾上腺素 1:200000",
        "丙泊酚 10 min 内推完",
        "去氧肾上腺素 10 mg 稀释至 100 mL",
        "麻黄碱 30 mg 加生理盐水至 6 mL",
        "麻黄碱 30 mg + 生理盐水",
        "镇痛泵：舒芬太尼 2 μg/kg、昂丹司琼 8 mg",
        "琥珀胆碱超过 3 mg/kg",
        "右美托咪定每次增加 0.1 μg/kg/h",
        "咪达唑仑口服 0.5 mg/kg",
        "把瑞芬太尼误写成 0.1 mg/kg/min",
        "阿托品每公斤 0.01 mg",
        "小儿阿托品 0.1 mg",
        "利多卡因加肾上腺素最大 500 mg",
        "利多卡因试验剂量含肾上腺素 15 μg",
        "丙泊酚诱导后给 0.6 mg/kg 罗库溴铵",
        "阿托品和某药 10 mg",
        "阿托品最大 3 mg",  # a limit, and atropine has no ceiling in the file
        "患儿心动过缓。阿托品 0.1 mg",
        "丙泊酚诱导。2 mg/kg",
        "丙泊酚 1,000 mg",
        "阿托品 500 μg–1 mg",
    ],
)
def test_what_is_left_out(text: str) -> None:
    assert found(text) == []


def test_a_drug_added_to_another_counts_per_kg_only() -> None:
    text = "丙泊酚 6 mg/kg/h 加瑞芬太尼 0.1 μg/kg/min"
    assert found(text) == [("丙泊酚", (6.0,), "mg/kg/h"), ("瑞芬太尼", (0.006,), "mg/kg/h")]


def test_a_ceiling_is_a_dose_but_a_threshold_is_not() -> None:
    assert found("利多卡因不应超过 4.5 mg/kg") == [("利多卡因", (4.5,), "mg/kg")]
    assert found("利多卡因超过 4.5 mg/kg 时易中毒") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("丙泊酚 2 mg/kg", "ok"),  # in 1–2.5
        ("丙泊酚 5 mg/kg", "ok"),  # twice 2.5
        ("丙泊酚 5.2 mg/kg", "warn"),
        ("丙泊酚 0.5 mg/kg", "ok"),  # half of 1
        ("丙泊酚 0.4 mg/kg", "warn"),
        ("丙泊酚 0.1 mg/kg", "fault"),  # a tenth of 1
        ("丙泊酚 9 mg/kg", "warn"),  # below ten times 1
        ("丙泊酚 20 mg/kg", "fault"),  # ten times 2
        ("丙泊酚 67 μg/kg/min", "ok"),  # 4.02 mg/kg/h
        ("丙泊酚 6 mg/kg/h", "ok"),  # in 4–12
        ("丙泊酚 6 mg/kg/min", "fault"),  # 360 mg/kg/h
        ("丙泊酚 120 mg", "unknown"),
        ("瑞芬太尼 0.2 μg/kg/min", "ok"),
        ("瑞芬太尼 1.2 μg/kg/min", "warn"),  # over ten times 0.05, but not four times 0.5
        ("瑞芬太尼 0.1 mg/kg/min", "fault"),  # mg for μg: a thousandfold
        ("舒芬太尼 0.3 mg/kg", "fault"),
        ("芬太尼 3 ug/kg", "ok"),
        ("去氧肾上腺素 1 mg", "fault"),  # ten times 100 μg
        ("肾上腺素 0.3–0.5 mg", "ok"),
        ("肾上腺素 1 mg", "ok"),
        ("肾上腺素 10 mg", "fault"),
        ("舒更葡糖钠 2、4、16 mg/kg", "ok"),
        ("罗哌卡因 0.5 mg/kg", "ok"),  # a ceiling has no lower edge
        ("罗哌卡因 3 mg/kg", "ok"),
        ("罗哌卡因 3.5 mg/kg", "warn"),  # and no margin above
        ("罗哌卡因 30 mg/kg", "fault"),
        ("利多卡因 7 mg/kg", "ok"),  # with adrenaline
        ("新斯的明 0.04 mg/kg", "ok"),
        ("新斯的明总量不超过 5 mg", "ok"),
        ("新斯的明总量 6 mg", "warn"),
        ("罗库溴铵 0.6–12 mg/kg", "fault"),  # a range is as bad as its worst end
        ("脂肪乳 1.5 mL/kg", "ok"),
        ("脂肪乳 15 mL/kg", "fault"),
        ("昂丹司琼 40 mg", "fault"),
    ],
)
def test_grades(text: str, expected: str) -> None:
    assert grades(text) == [expected]


def test_without_slack_the_window_is_meant() -> None:
    assert grades("丙泊酚 2.5 mg/kg", slack=1) == ["ok"]
    assert grades("丙泊酚 3 mg/kg", slack=1) == ["warn"]


def test_the_kindest_of_several_windows_counts() -> None:
    windows = (Window("一", 1.0, 2.0, "mg"), Window("二", 100.0, 100.0, "mg"))
    assert grade(Dose("某药", (100.0,), "mg", "100 mg", windows)) == "ok"
    assert grade(Dose("某药", (1.5, 100.0), "mg", "1.5–100 mg", windows)) == "ok"
    assert grade(Dose("某药", (30.0,), "mg", "30 mg", windows)) == "warn"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{drug.name} {window.low or window.high:g}–{window.high:g} {window.unit}", drug.name)
        for drug in DRUGS
        for window in drug.windows
    ],
)
def test_every_window_is_found_and_ok_when_written_out(text: str, name: str) -> None:
    (dose,) = find_doses(text, DRUGS)
    assert (dose.drug, grade(dose, slack=1)) == (name, "ok")


def test_a_long_gap_costs_no_time() -> None:
    assert found("丙泊酚" + "常用剂量10min以上后再静注，" * 4000 + "某 2 mg/kg") == []
