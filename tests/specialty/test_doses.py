"""Doses in text: which drug, which amount, how far from the window; expectations worked out by hand."""

from pathlib import Path

import pytest

from hypnos.specialty.doses import Dose, find_doses, grade
from hypnos.specialty.drugs import Drug, Window, read_windows

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
    ("text", "drug"),
    [
        ("瑞芬太尼麻醉结束前静注吗啡 5 mg", "吗啡"),
        ("阿芬太尼 20 μg/kg", "阿芬太尼"),
        ("左布比卡因 150 mg", "左布比卡因"),
        ("艾司氯胺酮 0.5 mg/kg", "艾司氯胺酮"),
        ("去甲肾上腺素 4 mg", "去甲肾上腺素"),
        ("阿曲库铵 0.5 mg/kg", "阿曲库铵"),
        ("丙泊酚镇静期间给予帕瑞昔布 40 mg", "帕瑞昔布"),
    ],
)
def test_another_drug_keeps_its_dose(text: str, drug: str) -> None:
    assert [name for name, _, _ in found(text)] == [drug]


@pytest.mark.parametrize("text", ["异丙肾上腺素 1 mg", "肾上腺素受体激动后 1 mg", "磷丙泊酚 6.5 mg/kg"])
def test_a_drug_without_windows_keeps_its_dose(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("丙泊酚2 g/kg", [("丙泊酚", (2000.0,), "mg/kg")]),
        ("肾上腺素1 g静脉推注", [("肾上腺素", (1000.0,), "mg")]),
        ("氨甲环酸 1克静滴", [("氨甲环酸", (1000.0,), "mg")]),
        ("硫酸镁 4～6 g", [("硫酸镁", (4000.0, 6000.0), "mg")]),
        ("丙泊酚每千克20毫克", [("丙泊酚", (20.0,), "mg/kg")]),
        ("丙泊酚按每公斤体重给予 2～2.5 mg", [("丙泊酚", (2.0, 2.5), "mg/kg")]),
        ("丙泊酚每kg体重每小时6毫克维持", [("丙泊酚", (6.0,), "mg/kg/h")]),
        ("瑞芬太尼每分钟每公斤0.1微克", [("瑞芬太尼", (0.006,), "mg/kg/h")]),
        ("阿托品每公斤 0.01 mg", [("阿托品", (0.01,), "mg/kg")]),
        ("利多卡因每千克不超过4.5毫克", [("利多卡因", (4.5,), "mg/kg")]),
        ("丙泊酚2毫克/每公斤", [("丙泊酚", (2.0,), "mg/kg")]),
        ("丙泊酚 2 mg per kg", [("丙泊酚", (2.0,), "mg/kg")]),
        ("丙泊酚二十毫克每千克", [("丙泊酚", (20.0,), "mg/kg")]),
        ("罗库溴铵零点六至一点二毫克每公斤", [("罗库溴铵", (0.6, 1.2), "mg/kg")]),
        ("肾上腺素静注一毫克", [("肾上腺素", (1.0,), "mg")]),
        ("丙泊酚一百二十毫克", [("丙泊酚", (120.0,), "mg")]),
        ("丙泊酚一千毫克", [("丙泊酚", (1000.0,), "mg")]),
        ("丙泊酚 1,000 mg", [("丙泊酚", (1000.0,), "mg")]),
        ("肝素 1.5万单位", [("肝素", (15000.0,), "IU")]),
        ("肝素一万二千单位", [("肝素", (12000.0,), "IU")]),
        ("缩宫素 10 U 静注", [("缩宫素", (10.0,), "IU")]),
    ],
)
def test_units_and_numbers_as_people_write_them(text: str, expected: list) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "丙泊酚2 g/kg诱导",
        "肾上腺素1 g静脉推注",
        "丙泊酚每千克20毫克",
        "丙泊酚二十毫克每千克",
        "丙泊酚 2000 mg 推注",
        "丙泊酚二千毫克静推",
        "琥珀胆碱 1 g 静注",
        "咪达唑仑 100 mg 静脉注射",
        "芬太尼 100 mg",  # mg for μg
        "舒更葡糖钠 16 g",
    ],
)
def test_what_is_far_outside_is_a_fault_however_it_is_written(text: str) -> None:
    assert grades(text) == ["fault"]


@pytest.mark.parametrize(
    "text",
    [
        "丙泊酚 120 mg",
        "丙泊酚 1000 mg 泵注",
        "丙泊酚 3000 mg 持续输注",  # hours of it
        "罗库溴铵 50 mg",
        "右美托咪定 200 μg",
        "去甲肾上腺素 8 mg 泵注",
        "多巴胺 200 mg",
    ],
)
def test_an_amount_without_weight_that_someone_could_get_is_not_judged(text: str) -> None:
    assert grades(text) == ["unknown"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("切勿给予丙泊酚20 mg/kg，正确是2 mg/kg", [("丙泊酚", (2.0,), "mg/kg")]),
        ("切勿给予丙泊酚2 mg/kg，正确剂量应为20 mg/kg", [("丙泊酚", (20.0,), "mg/kg")]),
        ("不应给予丙泊酚20 mg/kg。", []),
        ("不可一次性静注丙泊酚20 mg/kg", []),
        ("严禁对患者快速推注肾上腺素 10 mg", []),
        ("请勿将丙泊酚用至 20 mg/kg", []),
        ("丙泊酚不能用 20 mg/kg", []),
        ("丙泊酚诱导剂量不是20 mg/kg，而是2 mg/kg", [("丙泊酚", (2.0,), "mg/kg")]),
        ("丙泊酚应为2 mg/kg而非20 mg/kg", [("丙泊酚", (2.0,), "mg/kg")]),
        ("避免使用丙泊酚20 mg/kg，可用依托咪酯 0.3 mg/kg", [("依托咪酯", (0.3,), "mg/kg")]),
        ("丙泊酚20 mg/kg属于过量", []),
        ("丙泊酚 20 mg/kg，该剂量明显过大，应予 2 mg/kg", []),
        ("给予丙泊酚20 mg/kg可导致心跳骤停", []),
        ("丙泊酚 20 mg/kg 是不正确的", []),
    ],
)
def test_what_is_forbidden_or_called_wrong_is_no_dose(text: str, expected: list) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "患者不能平卧时给予丙泊酚20 mg/kg",
        "避免低血压，静注丙泊酚20 mg/kg",
        "分别静注丙泊酚20 mg/kg",
        "丙泊酚20 mg/kg，过量可致呼吸抑制",
        "不可延误，立即静注丙泊酚20 mg/kg",
        "丙泊酚20 mg/kg 可引起低血压",
        "应给予丙泊酚20 mg/kg，而不是2 mg/kg",
        "不建议用依托咪酯，改用丙泊酚20 mg/kg",
        "切勿减量，丙泊酚 20 mg/kg 静注",
    ],
)
def test_a_warning_about_something_else_hides_no_fault(text: str) -> None:
    assert grades(text) in (["fault"], ["warn"]) and grades(text) != []


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
        "阿托品每公斤起效后 0.01 mg",
        "阿托品每小时 0.5 mg",
        "布比卡因用 25 G 腰穿针",
        "丙泊酚经 20G 留置针推注",
        "丙泊酚几十毫克",
        "丙泊酚两三毫克",
        "每日吗啡 120 mg",
        "口服吗啡缓释片 60 mg",
        "羟考酮缓释片每 12 小时 30 mg",
        "小儿阿托品 0.1 mg",
        "利多卡因加肾上腺素最大 500 mg",
        "利多卡因试验剂量含肾上腺素 15 μg",
        "丙泊酚诱导后给 0.6 mg/kg 罗库溴铵",
        "阿托品和某药 10 mg",
        "阿托品最大 3 mg",  # a limit, and atropine has no ceiling in the file
        "患儿心动过缓。阿托品 0.1 mg",
        "丙泊酚诱导。2 mg/kg",
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


def test_forty_drugs_and_more_have_windows_and_the_file_says_what_it_is_not_for() -> None:
    assert sum(bool(drug.windows) for drug in DRUGS) >= 40
    assert "NOT FOR CLINICAL USE" in (SPECIALTY / "doses.yaml").read_text("utf-8")


@pytest.mark.parametrize("drug", [drug for drug in DRUGS if drug.windows], ids=lambda drug: drug.name)
def test_ten_times_the_highest_window_is_never_fine(drug: Drug) -> None:
    for unit in {window.unit for window in drug.windows}:
        high = max(window.high for window in drug.windows if window.unit == unit)
        verdicts = grades(f"{drug.name} {10 * high:.9g} {unit}")
        assert verdicts in (["warn"], ["fault"]), unit


def test_a_long_gap_costs_no_time() -> None:
    assert found("丙泊酚" + "常用剂量10min以上后再静注，" * 4000 + "某 2 mg/kg") == []
