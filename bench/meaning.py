"""What the rules that look at meaning catch, and what they lose: `python -m bench.meaning`.

Answers of other questions planted among real records, questions of a benchmark asked in other words, and answers that a
token limit cut off. docs/curation.md has the figures.
"""

import logging
import random
import tempfile
from pathlib import Path

import orjson

from bench import faults
from bench.curation import BENCHMARKS, Row, read_lines
from bench.promise import SHARED, Promise
from hypnos.curation.clean.ending import Truncated
from hypnos.curation.clean.forum import Courtesy, mend_forum
from hypnos.curation.fit.step import Fit
from hypnos.curation.similarity.decontaminate import Decontaminate

MISFITS = CUT = 1000
MATCHED = "chineseblue"
"""Sources that were made to train a matcher: about half of their answers are those of other questions."""


def misfits() -> list[Promise]:
    """Of planted answers of other questions those missed, and of the others (but for `MATCHED`) those lost."""
    names = ("fit: % of planted answers of other questions missed", "fit: % of untouched real records lost")
    if not SHARED.is_dir():
        return [Promise(names[0], None, 20.0), Promise(names[1], None, 1.0)]
    rows = [row | {"id": str(n)} for n, row in enumerate(read_lines("qa/general_medical_qa.jsonl"))]
    rows = [row for row in rows if not Courtesy().check(row)]
    rng = random.Random(11)
    sound = [row["output"] for row in rows]
    planted = set()
    for number in rng.sample(range(len(rows)), MISFITS):
        other = rng.choice([answer for answer in rng.sample(sound, 2) if answer != sound[number]])
        rows[number] = rows[number] | {"output": other}
        planted.add(rows[number]["id"])
    lost: list[Row] = []
    list(Fit().run(rows, lambda row, why: lost.append(row)))
    found = {row["id"] for row in lost}
    others = {row["id"] for row in rows if not row["source"].startswith(MATCHED)} - planted
    return [
        Promise(names[0], 100 * (1 - len(found & planted) / len(planted)), 20.0),
        Promise(names[1], 100 * len(found & others) / len(others), 1.0),
    ]


def paraphrases() -> list[Promise]:
    """Of ten questions asked in other words those missed, among real records and with real benchmarks beside."""
    names = ("decontaminate: of 10 paraphrases, missed", "decontaminate: % of real records taken for paraphrases")
    if not SHARED.is_dir():
        return [Promise(names[0], None, 3), Promise(names[1], None, 0.2)]
    rows = [row | {"id": str(n)} for n, row in enumerate(read_lines("qa/general_medical_qa.jsonl"))]
    asked = [
        {"id": f"asked-{n}", "instruction": words, "input": "", "output": answer}
        for n, (_, _, words, answer) in enumerate(PAIRS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own.jsonl"
        items = [{"id": str(n), "question": pair[0], "options": pair[1]} for n, pair in enumerate(PAIRS)]
        own.write_bytes(b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items))
        lost: list[tuple[Row, str]] = []
        step = Decontaminate(benchmarks=[str(own), *(str(SHARED / name) for name in BENCHMARKS)])
        list(step.run(rows + asked, lambda row, why: lost.append((row, why))))
    missed = len(asked) - sum(row["id"].startswith("asked-") for row, _ in lost)
    wrong = sum(why == "contaminated_paraphrase" for row, why in lost if not row["id"].startswith("asked-"))
    return [Promise(names[0], missed, 3), Promise(names[1], 100 * wrong / len(rows), 0.2)]


def cut_answers() -> list[Promise]:
    """Of answers cut in their second half, planted among real ones that the rule learns from, those missed; and of the
    others those lost."""
    names = ("truncated: % of cut answers missed", "truncated: % of untouched real records lost")
    if not SHARED.is_dir():
        return [Promise(names[0], None, 30.0), Promise(names[1], None, 1.0)]
    rows = [
        row | {"id": str(n), "output": mend_forum(row["output"])}
        for n, row in enumerate(read_lines("qa/general_medical_qa.jsonl"))
    ]
    rng = random.Random(1)
    whole = [n for n, row in enumerate(rows) if len(row["output"]) > 90 and row["output"].endswith("。")]
    planted = set(rng.sample(whole, CUT))
    rows = [faults.truncated(row, rng) if n in planted else row for n, row in enumerate(rows)]
    rule = Truncated().learnt_from(rows)
    caught = {n for n, row in enumerate(rows) if rule.check(row)}
    missed, lost = len(planted - caught), len(caught - planted)
    others = len(rows) - len(planted)
    return [Promise(names[0], 100 * missed / CUT, 30.0), Promise(names[1], 100 * lost / others, 1.0)]


# An item of a benchmark with its options, written for this project; the same asked in other words, and its answer.
PAIRS = [
    (
        "恶性高热最常由下列哪类药物诱发？",
        ["挥发性吸入麻醉药和琥珀胆碱", "局部麻醉药", "阿片类镇痛药", "苯二氮䓬类药物"],
        "哪些麻醉用药最容易引起恶性高热？",
        "挥发性吸入麻醉药和去极化肌松药琥珀胆碱最易引起。",
    ),
    (
        "丙泊酚静脉注射时最常见的局部不良反应是什么？",
        ["注射痛", "静脉炎", "皮下血肿", "组织坏死"],
        "静脉推丙泊酚，局部最多见的副作用是哪一种？",
        "最多见的是注射部位疼痛，可先给利多卡因减轻。",
    ),
    (
        "蛛网膜下腔麻醉后头痛的主要原因是",
        ["脑脊液外漏导致颅内压降低", "颅内感染", "血压升高", "局麻药中毒"],
        "做完腰麻以后为什么会头痛？主要原因是什么？",
        "主要是脑脊液从穿刺孔漏出，颅内压降低。",
    ),
    (
        "成人择期手术前禁食固体食物的最短时间为",
        ["6小时", "2小时", "4小时", "12小时"],
        "择期手术的成年病人，术前固体食物至少要禁食多长时间？",
        "清淡固体食物至少六小时，油腻食物至少八小时。",
    ),
    (
        "局部麻醉药全身毒性反应时首选的解救药物是",
        ["20%脂肪乳剂", "肾上腺素", "阿托品", "纳洛酮"],
        "局麻药中毒发生全身反应，解救时应首选哪种药？",
        "首选静脉输注脂肪乳剂，同时保持气道通畅。",
    ),
    (
        "确认气管导管位于气管内最可靠的方法是",
        ["监测呼气末二氧化碳波形", "听诊双肺呼吸音", "观察胸廓起伏", "导管壁有雾气"],
        "怎样判断气管导管确实在气管里最可靠？",
        "连续出现呼气末二氧化碳波形最可靠。",
    ),
    (
        "罗库溴铵引起的神经肌肉阻滞可用下列哪种药物特异性拮抗？",
        ["舒更葡糖钠", "新斯的明", "阿托品", "氟马西尼"],
        "要特异性地拮抗罗库溴铵的肌松作用，应该用什么药？",
        "应使用舒更葡糖钠，它包裹罗库溴铵分子。",
    ),
    (
        "糖尿病酮症酸中毒患者术前最重要的处理是",
        ["补液并静脉滴注胰岛素", "立即手术", "口服降糖药", "输注碳酸氢钠"],
        "术前遇到糖尿病酮症酸中毒的病人，最重要的是先做什么处理？",
        "先补液，并持续静脉滴注小剂量胰岛素，纠正电解质。",
    ),
    (
        "高血压患者长期服用血管紧张素转换酶抑制剂，手术当日早晨应如何处理？",
        ["停用", "加倍服用", "照常服用", "改为静脉给药"],
        "长期吃血管紧张素转换酶抑制剂的高血压病人，开刀那天早上这个药还吃不吃？",
        "一般手术当天早晨停用，以免麻醉诱导后顽固低血压。",
    ),
    (
        "小儿氯胺酮麻醉时唾液分泌增多，术前应给予哪种药物预防？",
        ["阿托品", "咪达唑仑", "芬太尼", "昂丹司琼"],
        "孩子用氯胺酮麻醉口水会变多，术前给什么药可以预防？",
        "术前给抗胆碱药阿托品，可减少分泌。",
    ),
]


def main() -> None:
    logging.disable(logging.WARNING)
    for promise in (*misfits(), *paraphrases(), *cut_answers()):
        print(f"{promise.verdict:8} {promise.figure or 0:>10.4g}  at most {promise.bound:<8.4g} {promise.what}")


if __name__ == "__main__":
    main()
