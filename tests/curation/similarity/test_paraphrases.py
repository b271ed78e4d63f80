"""Questions of a benchmark in other words."""

import pytest

from hypnos.curation.similarity.decontaminate import Decontaminate
from hypnos.curation.similarity.paraphrases import Paraphrases, signs_of

ITEM = "恶性高热最常由下列哪类药物诱发？"
ASKED = "哪类药物最容易诱发恶性高热？"
OTHERS = [
    "高血压患者最常用的药物是哪类？",
    "丙泊酚注射痛怎么预防？",
    "小儿高热惊厥怎么处理？",
    "术后恶心呕吐由什么引起？",
] * 150


def test_rare_signs_in_any_order_tell_a_question_again():
    index = Paraphrases([ITEM, "蛛网膜下腔麻醉后头痛的主要原因是"], [*OTHERS, ASKED])
    nearest, likeness = index.find([ASKED, ITEM, *OTHERS[:4], ""])
    assert nearest[:2].tolist() == [0, 0]
    assert likeness[1] == pytest.approx(1) and 0.6 < likeness[0] < 1
    assert likeness[2:].max() < 0.5 and likeness[-1] == 0


def test_a_short_item_is_not_looked_for():
    assert Paraphrases(["什么是休克？"], OTHERS).find(["什么是休克？"])[1] == 0
    assert signs_of("ASA 分级，3") == {"asa", "分", "级"}


def test_the_step_names_the_item(tmp_path):
    (tmp_path / "bench.jsonl").write_text(f'{{"id": "q1", "question": "{ITEM}"}}\n', "utf-8")
    rows = [{"id": str(n), "instruction": text, "output": "答"} for n, text in enumerate([*OTHERS, ASKED])]
    rejected = []
    step = Decontaminate(benchmarks=[str(tmp_path / "bench.jsonl")], paraphrase=0.6)
    kept = list(step.run(rows, lambda row, why: rejected.append((row, why))))
    assert [why for _, why in rejected] == ["contaminated_paraphrase"]
    assert rejected[0][0]["benchmark_item"] == "bench.jsonl:q1" and len(kept) == len(OTHERS)
    few = rows[500:]
    assert list(step.run(few, None)) == few  # too few to tell how rare a sign is
    without = Decontaminate(benchmarks=step.benchmarks, paraphrase=None)
    assert len(list(without.run(rows, None))) == len(rows)
    assert "paraphrase" not in without.key()
