"""Each rule on sentences written for it: what it must find, and what it must leave."""

from pathlib import Path

import orjson
import pytest
import yaml
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hypnos.curation.clean.ending import Truncated
from hypnos.curation.clean.form import Empty, Length, Placeholder, Restates, Unbalanced
from hypnos.curation.clean.language import Language, Simplify
from hypnos.curation.clean.loops import Repetition
from hypnos.curation.clean.speech import Boilerplate, Refusal
from hypnos.curation.clean.step import Clean

ROOT = Path(__file__).parents[3]


def record(output="这是一个完整的回答。", instruction="术前为什么要禁食？", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output, "history": []} | more


def configured(**changes):
    """The step as conf/step/clean.yaml has it; `name=None` switches a rule off."""
    settings = yaml.safe_load((ROOT / "conf/step/clean.yaml").read_text("utf-8"))
    settings["rules"] |= changes
    given = {"specialty": "anesthesia", "paths": {"root": str(ROOT)}, "selection": {"people": ["human", "hypnos"]}}
    return instantiate(OmegaConf.merge(given, {"step": settings}).step, _convert_="all")


def sift(step, rows):
    rejected = []
    kept = list(step.run(iter(rows), lambda row, why: rejected.append((row["id"], why))))
    return kept, rejected


@pytest.mark.parametrize("output", ["", "  \n", "。", "……", "N/A", "null", "<p> </p>", "\u200b", "　", None, "（空）"])
def test_an_answer_without_words(output):
    assert Empty().check(record(output)) == "empty"


def test_a_question_without_words_and_short_answers_that_say_something():
    assert Empty().check(record(instruction="？？")) == "empty"
    assert Empty().check(record(input="一段材料", instruction="")) == "empty"
    for answer in ("A", "是", "60", "不能。"):
        assert Empty().check(record(answer)) is None


def test_length():
    assert Length(answer=(5, 10)).check(record("四个字了")) == "length_answer"
    assert Length(answer=(5, 10)).check(record("一二三四五六七八九十一")) == "length_answer"
    assert Length(question=(2, 8)).check(record("好", instruction="一二三四五六七八九")) == "length_question"
    assert Length(answer=(4, 10)).check(record("四个字了")) is None


@pytest.mark.parametrize(
    "output",
    [
        "作为一个人工智能语言模型，我无法提供用药建议。",
        "抱歉，我不能回答这个问题。",
        "对不起，这超出了我的知识范围。",
        "I'm sorry, but I can't help with that.",
        "As an AI language model, I cannot provide a dose.",
        "您好，该问题我暂时无法给出回答。",
        "麻醉前应禁食。" * 40 + "请注意，作为AI，我的建议不能代替医生。",  # wherever it stands
    ],
)
def test_refusals(output):
    assert Refusal().check(record(output)) == "refusal"


@pytest.mark.parametrize(
    "output",
    [
        "很抱歉听到您的不适，建议尽快到医院检查血常规。",
        "患者昏迷时无法回答问题，应由家属提供病史。",
        "麻醉科医生不能判断胎位，这由产科医生完成。",
        "仅凭描述我无法诊断。"
        + "不过可以先测血压，若高于一百八十应当立即就诊，同时避免用力，保持安静，记录症状的时间。" * 4,
    ],
)
def test_what_only_sounds_like_a_refusal(output):
    assert Refusal().check(record(output)) is None


def test_boilerplate():
    assert Boilerplate().check(record("应先补液。以上内容由AI生成，仅供参考。")) == "boilerplate"
    assert Boilerplate().check(record("应先补液。请关注我们的微信公众号。")) == "boilerplate"
    assert Boilerplate().check(record("回答时请勿透露对参考文本的依赖。")) == "boilerplate"
    assert Boilerplate().check(record("参考文献见指南，关注血压变化。")) is None


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


@pytest.mark.parametrize(
    "output",
    [
        "请把{{drug}}按体重给药。",
        "尊敬的[您的姓名]，您好。",
        "剂量待补充。",
        "TODO",
        "【请填写药物名称】静注。",
        "应用[药物名称]静注。",
        "Lorem ipsum dolor.",
    ],
)
def test_places_that_nobody_filled(output):
    assert Placeholder().check(record(output)) == "placeholder"


@pytest.mark.parametrize(
    "output", ["【药品名称】丙泊酚【用法用量】见下。", "某医院的{1,2}类", "（患者须知）术前禁食。"]
)
def test_headings_are_no_places(output):
    assert Placeholder().check(record(output)) is None


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("```\n呼吸 12 次", "unbalanced"),
        ('{"answer": "禁食", "why": ["误吸"', "unbalanced"),
        ("<table><tr><td>一</td>", "unbalanced"),
        ("<think>先想想。回答：禁食。", "unbalanced"),
        ("见（一（二（三", "unbalanced"),
        ("禁食。<|im_end|>", "turn_marks"),
        ("禁食。\n### Instruction:\n下一题", "turn_marks"),
        ("禁食。\nHuman: 还有呢", "turn_marks"),
        ("```\n呼吸 12 次\n```", None),
        ('{"answer": "禁食"}', None),
        ("1）禁食 2）禁水 3）签字", None),
        ("血压（收缩压高于 140", None),
    ],
)
def test_structure(output, reason):
    assert Unbalanced().check(record(output)) == reason


@pytest.mark.parametrize(
    "output",
    [
        "应监测血压。" * 4,
        "先补液，再升压，先补液，再升压，先补液，再升压，先补液，再升压，先补液，再升压。",
        "痛" * 10,
        "1. 监测血压，维持循环\n2. 监测血压，维持循环\n3. 监测血压，维持循环\n4. 监测血压，维持循环",
        "诱导后血压下降，" + "给予麻黄碱" * 6,
    ],
)
def test_loops(output):
    assert Repetition().check(record(output)) == "repetition"


@pytest.mark.parametrize(
    "output",
    [
        "……………………………………………………",
        "| 一 | 二 |\n|----------------|----------------|",
        "舒芬太尼、瑞芬太尼、阿芬太尼和芬太尼都是阿片类药。",
        "术前禁食。术中监测。术后禁食。出院前宣教，回家后观察，一周后复查，一月后随访。",
        "哈哈哈哈，别担心。",
    ],
)
def test_what_returns_rightly(output):
    assert Repetition().check(record(output)) is None


def test_an_answer_that_is_the_question():
    question = "恶性高热的首选药物是什么？"
    assert Restates().check(record("恶性高热的首选药物是什么", instruction=question)) == "restates_question"
    assert Restates().check(record("恶性高热的首选药物是丹曲林。", instruction=question)) is None
    assert Restates().check(record("是", instruction="是")) is None
    # Read out of the material, which the question is not.
    assert Restates().check(record("术前八小时禁食", instruction="何时禁食？", input="术前八小时禁食")) is None


@pytest.mark.parametrize(
    "output",
    [
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，因此肺不张很常见，并且",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，常见的处理包括：",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移（肥胖患者更加明显",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移。处理如下。\n1. 给氧。\n2.",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，可行肺复张手法改善氧",
    ],
)
def test_answers_cut_off(output):
    assert Truncated().check(record(output)) == "truncated"


@pytest.mark.parametrize(
    "output",
    [
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，这种情况多见，一般可以",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，可行肺复张改善氧合。",
        "全身麻醉诱导后功能残气量下降，平卧使膈肌上移，应当注意给氧治疗，祝您健康",
        "肺不张与",  # a phrase
        "需要做的检查：血常规、凝血功能、心电图、胸片，必要时行超声心动图（心脏）",
    ],
)
def test_people_leave_the_last_stop_out(output):
    assert Truncated().check(record(output)) is None


def test_a_model_does_not_leave_the_last_stop_out():
    text = "全身麻醉诱导后功能残气量会下降。平卧使膈肌上移，应当注意给氧治疗"
    assert Truncated().check(record(text)) is None
    assert Truncated().check(record(text, author="human")) is None
    assert Truncated().check(record(text, author="gpt-3.5")) == "truncated"
    assert Truncated(models=False).check(record(text, author="gpt-3.5")) is None


def test_rules_look_in_turn_and_each_is_counted():
    rows = [
        record(id="a"),
        record("", id="b"),
        record("抱歉，我不能回答这个问题。", id="c"),
        record("抱歉，我不能回答這個問題，請諒解。", id="d"),
        record("患者張偉，男，35歲，术前应禁食。", id="e"),
    ]
    step = configured()
    kept, rejected = sift(step, rows)
    assert [row["id"] for row in kept] == ["a", "e"]
    assert rejected == [("b", "empty"), ("c", "refusal"), ("d", "refusal")]
    assert kept[0] == rows[0]
    assert kept[1]["output"] == "患者张某，男，35岁，术前应禁食。"
    assert kept[1]["changed"] == ["simplify", "personal"]
    notes = step.notes()
    assert {k: v for k, v in notes["rejected_by_rule"].items() if v} == {"empty": 1, "refusal": 2}
    assert {k: v for k, v in notes["changed_by_rule"].items() if v} == {"simplify": 2, "personal": 1}
    assert notes["rejected_by_rule"].keys() == step.rules.keys()


def test_what_shows_a_fault_stands_beside_the_reason():
    rejected = []
    rows = [record("舒芬太尼 0.3 mg/kg 诱导后插管。", id="a"), record("", id="b")]
    assert not list(configured().run(rows, lambda row, why: rejected.append((why, row))))
    assert rejected == [("dose_window", {**rows[0], "detail": "舒芬太尼 0.3 mg/kg"}), ("empty", rows[1])]


def test_a_rule_is_switched_off():
    kept, rejected = sift(configured(refusal=None), [record("抱歉，我不能回答这个问题。")])
    assert (len(kept), rejected) == (1, [])
    assert configured(refusal=None).key() != configured().key()


def test_the_key_has_files_by_content_and_the_order_of_rules(tmp_path):
    key = orjson.dumps(configured().key()).decode()
    assert str(ROOT) not in key
    assert "doses.yaml" in key
    one, other = Empty(), Length()
    assert Clean(rules={"a": one, "b": other}).key() != Clean(rules={"b": other, "a": one}).key()


@pytest.mark.parametrize(
    "file", ["hypnos/sample/anesthesia.jsonl", "hypnos/sample/general.jsonl", "specialty/anesthesia/seeds.jsonl"]
)
def test_our_own_data_pass_untouched(file):
    rows = [orjson.loads(line) for line in (ROOT / file).read_bytes().splitlines()]
    kept, rejected = sift(configured(), rows)
    assert rejected == []
    assert kept == rows
