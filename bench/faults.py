"""Faults planted into real records, so that what the rules catch can be counted.

Written before the rules and without them: each kind comes in many forms, drawn by a seed, and some are meant to be
hard. The sentences are this project's own; the records around them are not, and stay where they are.
"""

import random
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Plant = Callable[[Row, random.Random], Row]


def empty(row: Row, rng: random.Random) -> Row:
    blank = [
        "",
        " ",
        "\n\n",
        "　　",
        "。",
        "……",
        "N/A",
        "null",
        "\u200b",
        "<p></p>",
        "-",
        "？？",
        "（空）",
        "None",
        "/",
    ]
    field = "instruction" if rng.random() < 0.1 else "output"
    return row | {field: rng.choice(blank), "input": "" if field == "instruction" else row["input"]}


REFUSALS = [
    "作为一个人工智能语言模型，我无法提供医疗诊断或治疗建议，请咨询专业医生。",
    "抱歉，我不能回答这个问题。",
    "对不起，这个问题超出了我的知识范围，无法为您解答。",
    "I'm sorry, but I can't assist with that request.",
    "As an AI language model, I don't have the ability to give medical advice.",
    "很抱歉，我只是一个AI助手，没有能力对病情作出判断。",
    "根据相关法律法规和政策，该内容无法显示。",
    "我是由人工智能公司训练的大型语言模型，不具备行医资格，因此不能给出用药方案。",
    "不好意思，我没有找到与您的问题相关的信息，无法作答。",
    "由于我的训练数据截止到2021年9月，我无法提供最新的指南内容。",
    "很遗憾，我目前还没有学会回答这类问题，您可以换个话题。",
    "这个问题涉及医疗安全，我无法给予具体回答，建议您线下就医。",
    "对不起，您提供的信息不足，我不能完成该指令。",
    "抱歉，作为AI，我没有个人经历和情感，不能体会您的感受，也不能代替医生。",
    "我不能协助处理此请求。",
    "Sorry, I am unable to provide dosage information. Please consult a physician.",
    "抱歉，我无法访问外部链接或查看您上传的图片，因此不能判断检查结果。",
    "您好，本模型不提供任何医疗建议，请谅解。",
    "该问题我暂时无法回答，请提供更多信息。",
    "作为一款语言模型，我的职责是提供一般性信息，不能就具体病例发表意见。",
]
TAILS = [
    "",
    "",
    "",
    "如果您还有其他问题，欢迎随时提问。",
    "祝您身体健康！",
    "建议尽快前往正规医院就诊，由医生面诊后决定。",
]


def refusal(row: Row, rng: random.Random) -> Row:
    return row | {"output": rng.choice(REFUSALS) + rng.choice(TAILS)}


FOREIGN = [
    "The most common cause is a viral infection of the upper airway. Rest, fluids and paracetamol are usually enough.",
    "Please monitor your blood pressure twice a day and see a cardiologist if it stays above 140/90 mmHg.",
    "It may be gastritis. Avoid spicy food, coffee and alcohol, and take a proton pump inhibitor for four weeks.",
    "Surgery is indicated when conservative treatment has failed for six months or neurological deficits progress.",
    "風邪の可能性が高いです。水分を十分に取り、ゆっくり休んでください。熱が続く場合は受診してください。",
    "手術の前には、六時間以上の絶食が必要です。服用中の薬があれば、必ず医師に伝えてください。",
    "증상이 지속되면 병원을 방문하여 정확한 진단을 받으시기 바랍니다. 충분한 휴식과 수분 섭취가 중요합니다.",
    "위염일 가능성이 있습니다. 맵고 짠 음식을 피하고 약을 규칙적으로 복용하세요.",
    "Скорее всего, это аллергическая реакция. Исключите контакт с аллергеном и обратитесь к врачу.",
    "Il s'agit probablement d'une infection urinaire. Buvez beaucoup d'eau et consultez votre médecin traitant.",
    "Die Beschwerden sprechen für eine Gastritis. Bitte meiden Sie Alkohol und lassen Sie sich untersuchen.",
    "Es posible que se trate de una alergia. Evite el contacto y tome un antihistamínico durante una semana.",
    "قد يكون السبب التهابا في المعدة. يرجى مراجعة الطبيب وتجنب الأطعمة الحارة.",
    "อาการนี้อาจเกิดจากกระเพาะอาหารอักเสบ ควรพบแพทย์เพื่อตรวจเพิ่มเติม",
    "Có thể bạn bị viêm dạ dày. Hãy tránh rượu bia và đi khám nếu triệu chứng kéo dài.",
]
MIXED = [
    "你好。{} {} 请注意。",
    "建议：{} {}",
    "{} {}",
    "{}",
    "{}",
]


def language(row: Row, rng: random.Random) -> Row:
    first = rng.choice(FOREIGN)
    return row | {"output": rng.choice(MIXED).format(first, rng.choice(FOREIGN))}


def exact_copy(row: Row, rng: random.Random) -> Row:
    return dict(row)


def rewritten_copy(row: Row, rng: random.Random) -> Row:
    """The same words in another dress: widths, signs, blanks, script."""
    dresses = [
        lambda t: t.translate(str.maketrans("，。？！：；（）", ",.?!:;()")),
        lambda t: t.translate(str.maketrans("0123456789", "０１２３４５６７８９")).replace(",", "，"),
        lambda t: "\n".join(t.replace("。", "。\n").split("\n")),
        lambda t: "  " + t.replace("，", "， ") + " ",
        lambda t: t.upper().replace("。", ""),
        _traditional,
    ]
    dress = rng.choice(dresses)
    return row | {name: dress(row[name]) for name in ("instruction", "input", "output")}


def _traditional(text: str) -> str:
    from opencc import OpenCC

    return OpenCC("s2t").convert(text)


SWAPS = [
    ("你好", "您好"), ("建议", "推荐"), ("患者", "病人"), ("可以", "能够"), ("因为", "由于"), ("治疗", "医治"),
    ("症状", "表现"), ("引起", "导致"), ("需要", "需"), ("如果", "若"), ("检查", "检验"), ("可能", "也许"),
    ("注意", "留意"), ("医院", "医疗机构"), ("一般", "通常"), ("严重", "重"),
]  # fmt: skip


def edited_copy(row: Row, rng: random.Random) -> Row:
    """A few words of the answer and the question changed: as a forum's reposts and paraphrasing machines do."""
    swaps = rng.sample(SWAPS, len(SWAPS))

    def edit(text: str, most: int) -> str:
        done = 0
        for old, new in swaps:
            if done < most and old in text:
                text = text.replace(old, new, 1)
                done += 1
        if not done and len(text) > 20:
            at = rng.randrange(5, len(text) - 5)
            text = text[:at] + text[at + 1 :]
        return text

    return row | {
        "instruction": edit(row["instruction"], 1),
        "output": edit(row["output"], 1 + len(row["output"]) // 120),
    }


FRONT = ["", "您好，", "你好！", "医生回答：", "问题分析："]
BACK = ["", "希望能帮到您。", "祝您早日康复！", "以上仅供参考。", "谢谢提问。", "望采纳。"]


def polite_copy(row: Row, rng: random.Random) -> Row:
    """The same answer with a courtesy before or behind it."""
    front, back = rng.choice([(f, b) for f in FRONT for b in BACK if f or b])
    return row | {"output": front + row["output"] + back}


def contaminated(row: Row, rng: random.Random, item: Row) -> Row:
    """A question of a benchmark, as it gets into training sets."""
    options: dict[str, str] = item.get("options") or {}
    listed = list(options.items())
    right = "；".join(options[letter] for letter in item["answer"] if letter in options)
    stem, why = item["question"], item.get("explanation") or ""
    shuffled = [text for _, text in rng.sample(listed, len(listed))]
    lines = {
        "same": "\n".join(f"{letter}. {text}" for letter, text in listed),
        "shuffled": "\n".join(f"{letter}. {text}" for letter, text in zip("ABCDE", shuffled, strict=False)),
        "inline": " ".join(f"{letter}、{text}" for letter, text in listed),
    }
    forms: list[Row] = [
        {"instruction": stem, "input": lines["same"], "output": f"答案：{item['answer']}\n解析：{why}"},
        {"instruction": f"请回答下面的题目，并说明理由。\n{stem}\n{lines['shuffled']}", "output": f"{right}。{why}"},
        {"instruction": f"{stem}{lines['inline']}", "output": right},
        {"instruction": stem.rstrip("（）() 。？?") + "？", "output": f"{right}。{why}"},
        {"instruction": f"题目：{stem} 选项：{'；'.join(shuffled)}", "output": f"应选{right}"},
        {"instruction": "根据病例选出最合适的答案", "input": f"{stem}\n{lines['shuffled']}", "output": right},
        {"instruction": "举一道医学考试题并给出答案", "output": f"{stem}\n{lines['same']}\n答案：{item['answer']}"},
    ]
    return row | {"input": ""} | rng.choice(forms)


SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英建国秀兰志海玉梅文华春燕晓东雪婷浩然子轩欣怡梓涵"


def _name(rng: random.Random) -> str:
    surname = rng.choice([*SURNAMES, "欧阳", "司马", "上官"])
    return surname + "".join(rng.sample(GIVEN, rng.choice([1, 2, 2])))


def _identity(rng: random.Random) -> str:
    digits = f"{rng.choice(['110105', '310104', '440306', '510107', '320102'])}{rng.randint(1940, 2015)}"
    digits += f"{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(1, 999):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def _phone(rng: random.Random) -> str:
    digits = f"1{rng.choice('3456789')}{rng.randint(0, 10**9 - 1):09d}"
    return rng.choice(
        [
            digits,
            f"{digits[:3]}-{digits[3:7]}-{digits[7:]}",
            f"+86 {digits}",
            f"{digits[:3]} {digits[3:7]} {digits[7:]}",
        ]
    )


def personal(row: Row, rng: random.Random) -> Row:
    """`secrets` names what must not be left of it."""
    name, number = _name(rng), rng.randint(10**5, 10**8)
    identity, phone = _identity(rng), _phone(rng)
    landline = f"0{rng.choice(['10', '21', '755', '571'])}-{rng.randint(2 * 10**7, 9 * 10**7)}"
    handle = f"{rng.choice('abcdefgh')}{rng.choice('xyz')}{number}"
    forms = [
        f"患者{name}，{rng.choice('男女')}，{rng.randint(18, 90)}岁，",
        f"姓名：{name}，",
        f"我叫{name}，",
        f"病人姓名 {name} ",
        f"患儿{name}，{rng.randint(1, 12)}岁，因发热就诊。",
        f"身份证号{identity}，",
        f"身份证：{identity}。",
        f"（{identity}）",
        f"联系电话{phone}，",
        f"我的手机是{phone}，请回电。",
        f"电话：{landline}。",
        f"住院号：{number}，",
        f"病历号{number}，",
        f"住院号 Z{number}，",
        f"病案号为{number}。",
        f"门诊号：{number}，",
        f"加微信 {handle} 详谈。",
        f"邮箱{rng.choice(['wang', 'li', 'zhang'])}{number}@163.com，",
        f"{name}（住院号{number}）",
    ]
    field = rng.choice(["instruction", "output", "output"])
    text = row[field]
    at = rng.choice([0, 0, len(text), text.find("。") + 1])
    form = rng.choice(forms)
    secrets = [secret for secret in (name, identity, phone, landline, handle, str(number)) if secret in form]
    return row | {field: text[:at] + form + text[at:], "secrets": secrets}


def repeated(row: Row, rng: random.Random) -> Row:
    text = row["output"]
    parts = [part for part in text.replace("！", "。").replace("\n", "。").split("。") if len(part) > 3] or [text]
    part = rng.choice(parts)
    start = rng.randrange(max(1, len(part) - 12))
    phrase = part[start : start + rng.randint(4, 12)]
    times = rng.randint(4, 25)
    forms = [
        text + phrase * times,
        text + (part + "。") * times,
        text[: len(text) // 2] + phrase * times + text[len(text) // 2 :],
        text + "，".join([phrase] * times),
        text + rng.choice("好的痛了") * (times + 6),
        "\n".join(f"{i}. {part}" for i in range(1, times + 1)),
        text + "\n" + "\n".join([part] * times),
        (part + "，") * times,
    ]
    return row | {"output": rng.choice(forms)}


def truncated(row: Row, rng: random.Random) -> Row:
    """Cut as a token limit cuts: anywhere in the second half, so at least 40 characters stand."""
    text = row["output"].rstrip()
    at = rng.randrange(max(40, len(text) // 2), len(text) - 3)
    while text[at - 1] in "。！？!?.…\n":
        at -= 1
    return row | {"output": text[:at]}


# Doses a textbook gives, with the unit as a part of its own: (before, value, unit, behind).
DOSES = [
    ("诱导时丙泊酚", "2", "mg/kg", "缓慢静注，老年人酌减"),
    ("丙泊酚按", "1.5", "mg/kg", "给药，注意血压"),
    ("依托咪酯的诱导剂量为", "0.3", "mg/kg", ""),
    ("可静脉注射氯胺酮", "1.5", "mg/kg", "，同时给予阿托品"),
    ("咪达唑仑", "0.05", "mg/kg", "静脉镇静"),
    ("舒芬太尼", "0.3", "μg/kg", "，罗库溴铵"),
    ("芬太尼的常用诱导剂量是", "3", "μg/kg", ""),
    ("瑞芬太尼以", "0.2", "μg/kg/min", "持续泵注"),
    ("罗库溴铵", "0.6", "mg/kg", "静注后60秒插管"),
    ("给予顺阿曲库铵", "0.15", "mg/kg", "后插管"),
    ("维库溴铵静注", "0.1", "mg/kg", ""),
    ("琥珀胆碱", "1.5", "mg/kg", "快速静注"),
    ("用新斯的明", "0.04", "mg/kg", "拮抗残余肌松"),
    ("心动过缓可静注阿托品", "0.5", "mg", ""),
    ("利多卡因浸润的最大剂量为", "4.5", "mg/kg", ""),
    ("罗哌卡因单次不超过", "3", "mg/kg", ""),
    ("心脏骤停时肾上腺素", "1", "mg", "静脉推注，每3～5分钟一次"),
    ("过敏性休克应立即肌注肾上腺素", "0.5", "mg", ""),
    ("低血压时麻黄碱", "6", "mg", "静注"),
    ("去氧肾上腺素", "100", "μg", "静脉注射可重复"),
    ("术毕给昂丹司琼", "4", "mg", "预防呕吐"),
    ("丹曲林首剂", "2.5", "mg/kg", "，必要时重复"),
    ("右美托咪定负荷量", "0.5", "μg/kg", "，泵注10分钟以上"),
    ("右美托咪定维持剂量", "0.4", "μg/kg/h", ""),
    ("20%脂肪乳首剂", "1.5", "mL/kg", ""),
]
SPELLINGS = {
    "mg": ["mg", "毫克", " mg", "ｍｇ"],
    "mg/kg": ["mg/kg", "毫克/千克", " mg·kg⁻¹", "mg／kg", "毫克每公斤"],
    "μg": ["μg", "ug", "微克", " mcg"],
    "μg/kg": ["μg/kg", "ug/kg", "微克/公斤", " μg·kg-1"],
    "μg/kg/min": ["μg/kg/min", "μg·kg⁻¹·min⁻¹", "ug/(kg·min)"],
    "μg/kg/h": ["μg/kg/h", "μg·kg⁻¹·h⁻¹", "微克/千克/小时"],
    "mL/kg": ["mL/kg", "ml/kg", "毫升/公斤"],
}
ORAL = [
    ("阿莫西林胶囊一次", "0.5", "克", "，一日三次"), ("可服布洛芬每次", "300", "mg", ""),
    ("地塞米松静滴", "10", "mg", "每日一次"), ("口服泼尼松", "30", "毫克", "晨起顿服"),
    ("每日补充维生素D", "400", "单位", ""), ("阿司匹林肠溶片", "100", "mg", "每晚一次"),
    ("头孢曲松", "2", "g", "加入生理盐水静滴"), ("二甲双胍", "500", "mg", "随餐服用"),
    ("奥美拉唑", "20", "mg", "早餐前半小时服用"), ("胰岛素", "8", "单位", "餐前皮下注射"),
]  # fmt: skip


def _insert(row: Row, sentence: str, rng: random.Random) -> Row:
    text = row["output"].rstrip()
    at = rng.choice([0, len(text), text.find("。") + 1])
    closing = "" if at and text[at - 1] in "。！？\n" else "。" if at else ""
    return row | {"output": text[:at] + closing + sentence + "。" + text[at:]}


def dose_without_unit(row: Row, rng: random.Random) -> Row:
    before, value, _, behind = rng.choice(DOSES + ORAL)
    return _insert(row, f"{before}{rng.choice(['', ' '])}{value}{behind}", rng)


def dose_tenfold(row: Row, rng: random.Random) -> Row:
    """Ten times too much, a slipped point, or milligrams for micrograms."""
    before, value, unit, behind = rng.choice(DOSES)
    if "μg" in unit and rng.random() < 0.5:
        unit = unit.replace("μg", "mg")
    else:
        value = f"{float(value) * rng.choice([10, 10, 20, 100]):g}"
    spelling = rng.choice(SPELLINGS.get(unit, [unit]))
    return _insert(row, f"{before}{value}{spelling}{behind}", rng)


# What is asked about, what the answer slips into, and a statement about the first.
CONFUSED = [
    ("舒芬太尼", "芬太尼", "{}镇痛强度约为吗啡的数百倍，脂溶性高，常与镇静药合用"),
    ("瑞芬太尼", "舒芬太尼", "{}由血浆和组织酯酶水解，停药后数分钟作用即消失"),
    ("芬太尼", "瑞芬太尼", "{}反复给药可蓄积，应警惕延迟的呼吸抑制"),
    ("肾上腺素", "去甲肾上腺素", "心脏骤停时{}每3～5分钟静注一次"),
    ("去甲肾上腺素", "肾上腺素", "感染性休克首选{}持续泵注维持血压"),
    ("去氧肾上腺素", "去甲肾上腺素", "{}为纯α受体激动药，可反射性减慢心率"),
    ("氯胺酮", "艾司氯胺酮", "{}可引起分泌物增多和幻觉"),
    ("左布比卡因", "布比卡因", "{}的心脏毒性低于其消旋体"),
    ("顺阿曲库铵", "阿曲库铵", "{}经霍夫曼消除，组胺释放很少"),
    ("吗啡", "氢吗啡酮", "{}的活性代谢物在肾功能不全时蓄积"),
    ("多巴胺", "多巴酚丁胺", "小剂量{}扩张肾血管，大剂量收缩外周血管"),
    ("罗库溴铵", "维库溴铵", "{}起效快，可用于快速顺序诱导"),
    ("异丙肾上腺素", "肾上腺素", "{}可用于完全性房室传导阻滞的临时处理"),
]
ASKED = ["{}有什么特点？", "请介绍{}的用法。", "{}在临床上应如何使用？", "使用{}时要注意什么？", "{}的作用是什么"]


def confused_drug(row: Row, rng: random.Random) -> Row:
    """The question is about one drug and the answer about its look-alike, in a record that goes on as it was."""
    asked, slipped, statement = rng.choice(CONFUSED)
    question = rng.choice(ASKED).format(asked)
    if rng.random() < 0.4:  # both sentences within what stood there
        changed = _insert(row, statement.format(slipped), rng)
        return changed | {"instruction": f"{row['instruction']}另外，{question}"}
    tail = rng.choice(["。应在监测下使用。", "，个体差异较大。", "，老年人减量。", f"。{slipped}过量时应对症处理。"])
    return row | {"instruction": question, "input": "", "output": statement.format(slipped) + tail}


def other_answer(row: Row, rng: random.Random, *, other: Row) -> Row:
    """The answer to another question, fluent and whole."""
    return row | {"output": other["output"]}


def off_topic(row: Row, rng: random.Random, *, passage: str) -> Row:
    """Whole sentences of a text about something else, about as long as the answer was."""
    said = ""
    for sentence in passage.strip().replace("\n", "").split("。"):
        if sentence and (not said or len(said) + len(sentence) < 1.2 * len(row["output"])):
            said += f"{sentence}。"
    return row | {"output": said}
