"""Other languages are found; traditional text is mended."""

import pytest

from hypnos.curation.clean.language import Language, Simplify


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


@pytest.mark.parametrize(
    "output",
    [
        "Give a loading dose over ten minutes and watch the heart rate and the blood pressure.",
        "手術の前には絶食が必要です。",
        "수술 전에는 금식이 필요합니다.",
        "Перед операцией необходимо голодание.",
        "建议：please keep the patient warm and give oxygen until the shivering stops for good.",
    ],
)
def test_other_languages(output):
    assert Language().check(record(output)) == "language"


@pytest.mark.parametrize(
    "output",
    [
        "Propofol、Etomidate、Ketamine、Midazolam、Thiopental、Remimazolam、Fentanyl、Sufentanil 均可用于诱导。",
        "MAC（minimum alveolar concentration）即最低肺泡有效浓度。",
        "α、β、γ 波的频率不同。",
        "TP53",
    ],
)
def test_chinese_with_foreign_words(output):
    assert Language().check(record(output)) is None


def test_a_translation_is_what_was_asked_for():
    answer = "Keep the patient fasting for eight hours before the planned surgery."
    assert Language().check(record(answer, instruction="翻译成英文：术前禁食八小时。")) is None


def test_traditional_text_is_mended_and_not_rejected():
    row = record("麻醉藥會抑制呼吸，應監測血氧。", instruction="全身麻醉後應注意什麼？", history=[["術前？", "禁食。"]])
    mended = Simplify().check(row)
    assert mended["output"] == "麻醉药会抑制呼吸，应监测血氧。"
    assert mended["instruction"] == "全身麻醉后应注意什么？"
    assert mended["history"] == [["术前？", "禁食。"]]
    assert Simplify().check(record("麻醉药会抑制呼吸。")) is None
    assert Simplify().check(record("王乾医生瞭望。")) is None  # such signs stand in simplified text too
