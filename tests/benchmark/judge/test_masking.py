import pytest

from hypnos.benchmark.judge.masking import MAKER_MASK, MASK, family, mask_names

NAMES = ["general", "qwen2_5_7b", "hypnos-7b", "A", "yi-34b", "run-1"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我是ChatGPT，由OpenAI训练的语言模型。", f"我是{MASK}，由{MAKER_MASK}训练的语言模型。"),
        ("我是由阿里云研发的Qwen2.5-7B-Instruct。", f"我是由{MAKER_MASK}研发的{MASK}。"),
        ("作为通义千问，我建议", f"作为{MASK}，我建议"),
        ("我叫华佗，是一个医疗助手", f"我叫{MASK}，是一个医疗助手"),
        ("我是Ｃｈａｔ\u200bＧＰＴ-4", f"我是{MASK}"),
        ("I am Claude, made by Anthropic.", f"I am {MASK}, made by {MAKER_MASK}."),
        ("以上由hypnos-7b给出", f"以上由{MASK}给出"),
        ("我是general，general anesthesia 即全身麻醉", f"我是{MASK}，general anesthesia 即全身麻醉"),
        ("qwen2_5_7b：丙泊酚", f"{MASK}：丙泊酚"),
        ("使用GPT-4o和gpt-3.5-turbo", f"使用{MASK}和{MASK}"),
        ("yi-34b与run-1", f"{MASK}与{MASK}"),
        ("DeepSeek 与 深度求索", f"{MASK} 与 {MASK}"),
    ],
)
def test_names_of_models_and_makers_are_covered(text, masked):
    assert mask_names(text, NAMES) == masked


@pytest.mark.parametrize(
    "text",
    [
        "华佗用麻沸散，《本草纲目》载曼陀罗。",
        "Meta分析与GLM（广义线性模型）显示",
        "GPT 40 U/L，GPT升高5倍，GPT40U/L",
        "Claude Bernard 提出内环境；Claude综合征",
        "血糖由肝脏提供的葡萄糖维持",
        "是华为手环监测的心率",
        "Biotene 与 phi 角、A 型题",
        "general anesthesia",
    ],
)
def test_medicine_and_daily_words_stay(text):
    assert mask_names(text, NAMES) == text


@pytest.mark.parametrize(
    "text",
    [
        "芬太尼100 μg，按0.5 mg/kg给药，剂量 as 100 mg",
        "V2导联ST段抬高，SpO2 95%，维生素B12缺乏，第2期临床试验",
    ],
)
def test_doses_leads_and_findings_are_no_names_of_models(text):
    names = ["100", "0.5", "v2", "spo2", "b12", "2"]
    assert mask_names(text, names) == text
    assert mask_names(f"我是v2。{text}", names) == f"我是{MASK}。{text}"


def test_a_family_is_told_by_the_name_or_not_at_all():
    names = ["gpt-4-0613", "gpt35", "claude-3-opus", "qwen2_5_7b", "Llama-2-7B", "tiny", "general"]
    assert [family(name) for name in names] == ["openai", "openai", "anthropic", "qwen", "meta", None, None]
