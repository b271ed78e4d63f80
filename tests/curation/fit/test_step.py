"""Answers that belong to another question, found by the words of the records themselves."""

import json
import random

import orjson
import pytest

from hypnos.curation.fit.association import Association, words_of
from hypnos.curation.fit.step import REASON, Fit
from hypnos.curation.pipeline.blocks import run_blocks
from hypnos.errors import UserError

TOPICS = {
    "胃": ("胃痛 反酸 烧心 胃胀 嗳气", "胃炎 胃镜 奥美拉唑 幽门螺杆菌 清淡饮食"),
    "皮肤": ("皮疹 瘙痒 脱皮 红斑 水疱", "湿疹 氯雷他定 炉甘石 过敏原 保湿"),
    "心": ("心慌 胸闷 心悸 气短 早搏", "心电图 美托洛尔 冠心病 超声心动图 休息"),
    "骨": ("腰痛 腿麻 颈部僵硬 关节肿 扭伤", "核磁共振 牵引 骨科 布洛芬 理疗"),
    "眼": ("眼干 视力模糊 流泪 眼红 飞蚊", "眼压 人工泪液 眼底检查 结膜炎 眼科"),
    "鼻": ("鼻塞 流涕 打喷嚏 嗅觉减退 鼻出血", "鼻炎 鼻内镜 布地奈德 生理盐水 耳鼻喉科"),
    "肾": ("尿频 尿急 血尿 水肿 夜尿", "肾炎 尿常规 左氧氟沙星 肾内科 限盐"),
    "妇科": ("痛经 白带增多 月经推迟 闭经 下腹坠胀", "盆腔炎 妇科检查 黄体酮 激素 暖宫"),
    "儿科": ("发热 腹泻 咳痰 拒奶 夜哭", "支原体 补液盐 益生菌 物理降温 儿童医院"),
    "精神": ("失眠 焦虑 情绪低落 多梦 健忘", "抑郁症 舍曲林 心理咨询 认知疗法 量表"),
    "口腔": ("牙痛 牙龈出血 口臭 溃疡 磨牙", "龋齿 根管治疗 洁牙 甲硝唑 牙周炎"),
    "麻醉": ("全身麻醉 禁食 插管 术后恶心 苏醒", "丙泊酚 昂丹司琼 气管导管 麻醉医师 监测"),
}


def records(count, seed=0):
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        symptoms, advice = (words.split() for words in TOPICS[rng.choice(list(TOPICS))])
        asked, told = rng.sample(symptoms, 3), rng.sample(advice, 3)  # each word in a twentieth of the texts
        rows.append(
            {
                **{"id": str(number), "instruction": f"{asked[0]}，{asked[1]}，还有{asked[2]}，怎么办？", "input": ""},
                "output": f"考虑{told[0]}，建议{told[1]}，注意{told[2]}。",
            }
        )
    return rows


def plant(rows, every):
    """Every so often, the answer of a record about something else."""
    planted = set()
    for number in range(0, len(rows), every):
        row, other = rows[number], rows[(number + 7) % len(rows)]
        topic = [name for name, (words, _) in TOPICS.items() if row["instruction"].split("，")[0] in words.split()]
        theirs = [name for name, (words, _) in TOPICS.items() if other["instruction"].split("，")[0] in words.split()]
        if topic != theirs:
            rows[number] = row | {"output": other["output"]}
            planted.add(row["id"])
    return planted


def test_no_word_is_shared_and_yet_what_belongs_together_is_learnt():
    rows = records(1200)
    planted = plant(rows, 20)
    rejected = []
    kept = list(Fit(fewest=500).run(rows, lambda row, why: rejected.append((row, why))))
    assert {why for _, why in rejected} == {REASON}
    found = {row["id"] for row, _ in rejected}
    assert len(found & planted) >= 0.9 * len(planted) > 30 and len(found - planted) <= 0.01 * len(rows)
    assert all(row["fit"] < -1.2 for row, _ in rejected)
    assert len(kept) + len(rejected) == len(rows) and all("fit" not in row for row in kept)


def test_too_few_records_teach_nothing():
    rows = records(30)
    plant(rows, 4)
    assert list(Fit().run(rows, None)) == rows


def test_what_is_learnt_from_some_holds_for_all():
    rows = records(1200)
    planted = plant(rows, 20)
    rejected = []
    list(Fit(fewest=500, sample=600).run(rows, lambda row, why: rejected.append(row["id"])))
    assert len(planted & set(rejected)) >= 0.8 * len(planted)
    assert len(set(rejected) - planted) <= 0.015 * len(rows)


def test_blocks_make_what_rows_make(tmp_path, monkeypatch):
    monkeypatch.setattr("hypnos.curation.pipeline.blocks.BLOCK", 20_000)
    rows = records(600)
    plant(rows, 12)
    source = tmp_path / "source.jsonl"
    source.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    step = Fit(fewest=500)
    rejected = []
    kept = [row["id"] for row in step.run(rows, lambda row, why: rejected.append(row["id"]))]
    made = run_blocks("fit", step.block_work(source), source, tmp_path)
    assert [json.loads(line)["id"] for line in (tmp_path / "kept.jsonl").open()] == kept
    assert [json.loads(line)["id"] for line in (tmp_path / "rejected.jsonl").open()] == rejected != []
    assert made.counts.rejected == {REASON: len(rejected)}


def test_a_pair_does_not_prove_itself():
    """Words that stand together in one record only say nothing, once that record is taken out."""
    pairs = [words_of(row["instruction"], row["output"]) for row in records(60)]
    elsewhere = [words_of("磨牙", "休息"), words_of("磨牙", "保湿"), words_of("夜哭", "牵引"), words_of("夜尿", "牵引")]
    odd = words_of("磨牙", "牵引")
    association = Association([*pairs, *elsewhere, odd])
    alone, proved = (association.measure(odd, counted=counted)[0] for counted in (True, False))
    assert alone < 0 < proved


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.json", '{"model_type": "model2vec"}'),
        ("modules.json", '[{"path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]'),  # from 0.10 on
    ],
)
def test_an_embedding_model_is_a_folder_and_its_package_is_named(tmp_path, monkeypatch, file, text):
    with pytest.raises(UserError, match=r"step\.fit\.embedding: .*none: no such folder"):
        Fit(embedding=str(tmp_path / "none"))
    monkeypatch.setitem(__import__("sys").modules, "model2vec", None)
    (tmp_path / file).write_text(text)
    with pytest.raises(UserError, match="pip install model2vec"):
        Fit(embedding=str(tmp_path))
