import pytest

from hypnos.benchmark.tasks.readers.stems import is_negative


@pytest.mark.parametrize(
    "stem",
    [
        "关于丙泊酚，不正确的是", "下列叙述错误的是", "下列哪项不是喉罩的禁忌证", "不属于肌松药的是", "MAC的影响因素不包括",
        "以下均为适应证，除外", "除哪项外均可", "不宜选用的药物是", "与术后恶心呕吐无关的因素是", "最不可能的诊断是",
        "下列药物不经肝脏代谢的是", "All of the following are true EXCEPT", "Which of the following is not correct?",
        "患者男，50岁。不应采取的措施是（　　）。", "哪项不符合", "有误的一项是",
    ],
)  # fmt: skip
def test_stems_that_ask_for_what_is_wrong(stem):
    assert is_negative(stem)


@pytest.mark.parametrize(
    "stem",
    [
        "硬膜外穿刺的禁忌证是", "下列属于禁忌的是", "患者禁用的药物是", "属于不良反应的是", "患者不能平卧，首选体位是",
        "患者不宜手术。最合适的治疗是", "丝瓜络除祛风通络外，又能", "纠正错误呼吸机设置的方法是", "不稳定型心绞痛首选的药物是",
        "A patient was not intubated. What is the next step?", "关于无痛胃镜，正确的是", "是不是恶性高热取决于",
    ],
)  # fmt: skip
def test_stems_that_ask_for_what_is_right(stem):
    assert not is_negative(stem)
