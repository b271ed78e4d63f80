"""Copies: found as Jaccard on sets of Python strings finds them."""

import json
import random

import fsspec
import pytest

from hypnos.corpus.likeness.ngrams import CHARACTERS, ROWS, fold
from hypnos.curation.similarity.deduplicate import Deduplicate
from hypnos.errors import UserError

SIGNS = "麻醉手术血压心率呼吸监测药物剂量患者诱导维持苏醒镇痛禁食气道插管肌松拮抗输液体温风险评估准备处理"


def record(text, name="1", question="问题甲"):
    return {"id": name, "instruction": question, "input": "", "output": text}


def sift(rows, **settings):
    rejected = []
    kept = list(Deduplicate(**settings).run(iter(rows), lambda row, why: rejected.append((row, why))))
    return kept, rejected


def trigrams(text):
    text = fold(text)
    return {text[i : i + 3] for i in range(len(text) - 2)} or {text}


def likeness(one, other):
    """Jaccard of the whole, and of what the two do not share word for word: the lower one."""
    apart = [field for field in ("instruction", "input") if fold(one[field]) != fold(other[field])]
    found = []
    for fields in (("instruction", "input", "output"), (*apart, "output")):
        sets = [trigrams("\n".join(row[field] for field in fields)) for row in (one, other)]
        found.append(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
    return min(found)


@pytest.mark.parametrize(
    "copy",
    [
        "术前八小时禁食，两小时禁水。",
        "术前八小时禁食两小时禁水",
        " 术前八小时禁食 ， 两小时禁水 ! ",
        "術前八小時禁食，兩小時禁水。",
    ],
)
def test_the_same_in_another_dress(copy):
    first, again = record("术前八小时禁食，两小时禁水。"), record(copy, "2")
    kept, rejected = sift([first, again])
    assert kept == [first]
    copied = {
        "duplicate_of": "1",
        "duplicate_text": "问题甲\n\n术前八小时禁食，两小时禁水。",
        "likeness": 1.0,
    }
    assert rejected == [(again | copied, "duplicate")]


def test_chinese_copies_are_seen_and_other_answers_are_not():
    text = "平卧使膈肌上移，诱导后吸气肌张力消失，胸廓弹性改变，功能残气量下降约百分之二十，氧合随之变差。"
    near = record(text.replace("约百分之", "大约百分之"), "2")
    other = record("椎管内麻醉后血压下降，多因交感神经阻滞，应先补液，再给予血管活性药，并监测胎心。", "3")
    kept, [(row, reason)] = sift([record(text), near, other])
    assert [r["id"] for r in kept] == ["1", "3"]
    assert (reason, row["duplicate_of"]) == ("near_duplicate", "1")
    assert row["likeness"] == pytest.approx(likeness(record(text), near), abs=1e-4)


CASE = (
    "患者，女，58岁，ASA Ⅱ级，拟全麻下行腹腔镜胆囊切除术，既往高血压十年，口服氨氯地平，血压控制可，术前心电图正常。"
    * 3
)
OPTIONS = (
    "A. 纳洛酮\nB. 新斯的明\nC. 氟马西尼\nD. 舒更葡糖钠\nE. 丹曲林\n（每个选项可以选用一次、多次，也可以不选用。）" * 2
)


@pytest.mark.parametrize(
    "shared",
    [
        {"system": "你是麻醉科助手。回答要简明、准确，剂量注明单位；不确定时请说明，并建议咨询上级医师。" * 6},
        {"input": CASE},
        {"input": OPTIONS},
        {"history": [[CASE, "已了解，请提问。"]]},
    ],
    ids=["system", "case", "options", "history"],
)
def test_what_records_share_makes_no_copies_of_them(shared):
    asked = [
        ("阿片类药物的拮抗药是", "答案：A"),
        ("苯二氮䓬类药物的拮抗药是", "答案：C"),
        ("恶性高热的特效药是", "答案：E"),
        ("罗库溴铵的特异性拮抗药是", "答案：D"),
    ]
    rows = [record(answer, str(n), question) | shared for n, (question, answer) in enumerate(asked)]
    assert sift(rows) == (rows, [])
    again = rows[2] | {"id": "again", "instruction": "恶性高热的特效药是？"}
    kept, [(row, reason)] = sift([*rows, again])
    assert kept == rows and (row["duplicate_of"], reason) == ("2", "duplicate")


def test_a_dose_ten_times_as_large_is_no_copy():
    rows = [record("2.5 mg/kg。", "1"), record("25 mg/kg。", "2"), record("2.5mg/kg", "3")]
    for jaccard in (0.8, 1):
        kept, [(row, reason)] = sift(rows, jaccard=jaccard)
        assert kept == rows[:2] and (row["duplicate_of"], reason) == ("1", "duplicate")


def test_another_question_of_one_material_is_none_of_its_questions_again():
    rows = [record("答", str(n), question) | {"input": CASE} for n, question in enumerate(("怎样插管？", "何时停药？"))]
    assert sift(rows, on="question") == (rows, [])


def words(rng, length):
    return "".join(rng.choices(SIGNS, k=length))


def test_planted_copies_are_found_and_nothing_else_is_dropped():
    rng = random.Random(0)
    rows = [record(words(rng, rng.randint(20, 120)), f"{i}", words(rng, 12)) for i in range(3000)]
    copies = []
    for i in range(600):
        signs = list((original := rng.choice(rows))["output"])
        for _ in range(rng.randint(1, max(1, len(signs) // 12))):
            signs[rng.randrange(len(signs))] = rng.choice(SIGNS)
        copies.append((original | {"id": f"c{i}", "output": "".join(signs)}, original))
    kept, rejected = sift([*rows, *(copy for copy, _ in copies)])
    assert len(kept) + len(rejected) == 3600
    by_id = {row["id"]: row for row in [*rows, *(copy for copy, _ in copies)]}
    for row, _ in rejected:
        assert likeness(by_id[row["id"]], by_id[row["duplicate_of"]]) >= 0.8
    close = [copy["id"] for copy, original in copies if likeness(copy, original) >= 0.8]
    dropped = {row["id"] for row, _ in rejected}
    assert len(close) > 150
    assert sum(name in dropped for name in close) >= 0.95 * len(close)


def test_copies_meet_across_batches_and_the_first_stays():
    rng = random.Random(1)
    rows = [record(words(rng, 60), f"{i}") for i in range(ROWS + 10)]
    rows.append(rows[3] | {"id": "late"})
    rows.append(rows[ROWS + 5] | {"id": "later"})
    kept, rejected = sift(rows)
    assert [(row["id"], row["duplicate_of"]) for row, _ in rejected] == [("late", "3"), ("later", str(ROWS + 5))]
    assert len(kept) == ROWS + 10


def test_rows_are_taken_as_they_are_wanted():
    taken = []

    def rows():
        rng = random.Random(2)
        for i in range(10 * ROWS):
            taken.append(i)
            yield record(words(rng, 30), f"{i}")

    next(Deduplicate().run(rows(), lambda row, why: None))
    assert len(taken) == ROWS


def test_long_texts_make_small_batches():
    taken = []

    def rows():
        for i in range(100):
            taken.append(i)
            yield record(f"{i}" + "麻醉" * (CHARACTERS // 8), f"{i}")

    next(Deduplicate().run(rows(), lambda row, why: None))
    assert len(taken) == 4


def test_one_question_or_one_record():
    rows = [record("答案一：先禁食，再签字，然后评估气道。", "1"), record("完全不同的另一个说法在这里出现。", "2")]
    assert len(sift(rows)[0]) == 2
    kept, rejected = sift(rows, on="question")
    assert [row["id"] for row in kept] == ["1"]
    assert rejected[0][1] == "duplicate"


def test_only_exact_copies():
    text = "平卧使膈肌上移，诱导后吸气肌张力消失，胸廓弹性改变，功能残气量下降约百分之二十，氧合随之变差。"
    rows = [record(text), record(text + "好", "2"), record(text + "！", "3")]
    kept, rejected = sift(rows, jaccard=1.0)
    assert [row["id"] for row in kept] == ["1", "2"]
    assert rejected[0][1] == "duplicate"


def test_records_without_words_are_no_copies_of_each_other():
    rows = [{"id": "1"}, {"id": "2", "instruction": "？", "output": None}]
    assert sift(rows)[0] == rows


def test_history_tells_conversations_apart():
    one = record("不客气。", "1", "谢谢") | {"history": [["头痛怎么办？", "多休息，避免熬夜，必要时就诊。"]]}
    other = record("不客气。", "2", "谢谢") | {"history": [["腹泻怎么办？", "口服补液盐，清淡饮食，注意脱水。"]]}
    assert len(sift([one, other])[0]) == 2


def test_against_a_pool(tmp_path):
    pool = tmp_path / "pool.jsonl"
    pool.write_text(json.dumps(record("术前八小时禁食。", "old"), ensure_ascii=False), "utf-8")
    kept, rejected = sift([record("术前八小时禁食", "new"), record("术后监测。", "n2")], against=[str(pool)])
    assert [row["id"] for row in kept] == ["n2"]
    assert rejected[0][0]["duplicate_of"] == "old"
    with pytest.raises(UserError, match=r"none\.jsonl"):
        sift([], against=[str(tmp_path / "none.jsonl")])
    assert Deduplicate(against=[str(pool)]).key() != Deduplicate().key()
    fsspec.filesystem("memory").pipe("/pool/pool.jsonl", pool.read_bytes())
    kept, _ = sift([record("术前八小时禁食", "new"), record("术后监测。", "n2")], against=["memory://pool"])
    assert [row["id"] for row in kept] == ["n2"]


@pytest.mark.parametrize(("settings", "named"), [({"on": "answer"}, "on 'answer'"), ({"jaccard": 0.2}, "jaccard 0.2")])
def test_what_cannot_be_meant(settings, named):
    with pytest.raises(UserError, match=named):
        Deduplicate(**settings)
