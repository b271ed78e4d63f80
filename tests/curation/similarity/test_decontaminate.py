"""A benchmark's questions, in every dress, and what merely speaks of the same matter."""

import json
from pathlib import Path

import fsspec
import pytest

from hypnos.curation.similarity.decontaminate import Decontaminate
from hypnos.errors import UserError

STEM = "全身麻醉诱导后患者出现低血压，下列哪项不是常见原因"
OPTIONS = {"A": "血管扩张", "B": "心肌抑制", "C": "血容量不足", "D": "高钙血症"}
CHOICE = {"id": "q1", "question": STEM, "options": OPTIONS, "answer": "D"}
SHORT = {
    "id": "q2",
    "question": "丹曲林用于",
    "options": {"A": "恶性高热", "B": "嗜铬细胞瘤", "C": "肌无力危象"},
    "answer": "A",
}
OPEN = {"id": "q3", "question": "什么是残余肌松？", "answers": ["术毕肌松药作用未完全消退。"]}
PASSAGE = (
    "患者男，六十岁，因胆囊结石拟行腹腔镜手术，既往有高血压十年，平素口服氨氯地平，气腹后血压升至一百八十，心率六十。"
)
READING = {"id": "q4", "passage": PASSAGE, "question": "气腹后血压升至多少？", "answers": ["一百八十"]}


@pytest.fixture
def step(tmp_path: Path):
    file = tmp_path / "bench.jsonl"
    rows = (CHOICE, SHORT, OPEN, READING)
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return Decontaminate(benchmarks=[str(file)])


def sift(step, *rows):
    rejected = []
    kept = list(step.run(rows, lambda row, why: rejected.append((row, why))))
    return kept, rejected


def record(instruction, output="好。", **more):
    return {"id": "1", "instruction": instruction, "input": "", "output": output} | more


@pytest.mark.parametrize(
    ("row", "item", "reason"),
    [
        (record(STEM + "？"), "q1", "contaminated_question"),
        (record("请作答：" + STEM + "？A.高钙血症 B.血管扩张 C.血容量不足 D.心肌抑制"), "q1", "contaminated_stem"),
        (record("举例", STEM.replace("，", ",").replace("诱导后", "誘導後")), "q1", "contaminated_stem"),
        (record("全身麻醉诱导之后患者出现低血压，下列哪项不是常见的原因"), "q1", "contaminated_stem"),
        (record("选择", input="丹曲林用于\nA. 肌无力危象\nB. 恶性高热\nC. 嗜铬细胞瘤"), "q2", "contaminated_options"),
        (record("什么是残余肌松"), "q3", "contaminated_question"),
        (record("分析病例", "病例：" + PASSAGE), "q4", "contaminated_passage"),
        (record("谢谢", history=[[STEM, "D"]]), "q1", "contaminated_stem"),
    ],
)
def test_items_are_found_and_named(step, row, item, reason):
    kept, [(rejected, why)] = sift(step, row)
    assert kept == []
    assert why == reason
    assert rejected["benchmark_item"] == f"bench.jsonl:{item}"
    assert rejected["benchmark_text"].split("\n")[0] in (STEM, SHORT["question"], OPEN["question"], READING["question"])
    assert 0.6 <= rejected["overlap"] <= 1


@pytest.mark.parametrize(
    "row",
    [
        record(
            "全身麻醉诱导后低血压如何处理？", "先减浅麻醉，再补液，必要时给予麻黄碱。常见原因是血管扩张和血容量不足。"
        ),
        record("丹曲林的剂量是多少？", "首剂 2.5 mg/kg，用于恶性高热。"),
        record("残余肌松如何监测？", "用四个成串刺激。"),
        record("下列哪项不是常见原因", "请给出完整的题目。"),
        record("气腹对循环有何影响？", "腹腔镜手术气腹后血压可升高，既往有高血压者更明显。"),
        record("", ""),
    ],
)
def test_the_same_matter_in_other_words_stays(step, row):
    assert sift(step, row) == ([row], [])


def write(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content, "utf-8")
    return str(folder / name)


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("a.jsonl", '{"id": 1, "answer": "A"}', "columns found: id, answer"),  # CMB's answers, a file of their own
        ("b.jsonl", "{", "not JSON"),
        ("c.jsonl", "[1]", "must be an object"),
        ("d.jsonl", "", "no records"),
        ("e.csv", "question,A\n,\n", "no question"),
        ("f.xlsx", "x", "unknown kind"),
    ],
)
def test_a_benchmark_that_cannot_be_read(tmp_path, name, content, named):
    with pytest.raises(UserError, match=named) as caught:
        Decontaminate(benchmarks=[write(tmp_path, name, content)]).check()
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_benchmark_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.jsonl"):
        Decontaminate(benchmarks=[str(tmp_path / "none.jsonl")]).check()


@pytest.mark.parametrize("settings", [{"stem": 0}, {"question": 1.2}, {"gram": 1}, {"stem_least": 2}])
def test_shares_out_of_range(settings):
    with pytest.raises(UserError, match="decontaminate"):
        Decontaminate(benchmarks=[], **settings)


def test_the_key_is_the_content(step, tmp_path):
    copied = write(tmp_path, "renamed.jsonl", (tmp_path / "bench.jsonl").read_text("utf-8"))
    assert Decontaminate(benchmarks=[copied]).key() == step.key()
    changed = write(tmp_path, "changed.jsonl", json.dumps(CHOICE))
    assert Decontaminate(benchmarks=[changed]).key() != step.key()


def test_no_benchmarks_keep_everything():
    assert sift(Decontaminate(benchmarks=[]), record("什么是残余肌松")) == ([record("什么是残余肌松")], [])


def test_what_tasks_ask_is_kept_out_beside_the_benchmarks_and_what_lies_in_them_changes_nothing(step, tmp_path):
    inside = tmp_path / "bench.jsonl"
    alone = Decontaminate(benchmarks=[str(tmp_path)])
    same = Decontaminate(benchmarks=[str(tmp_path)], task_files=[str(inside), str(tmp_path / ".." / tmp_path.name)])
    assert same.key() == alone.key() and same.benchmarks == alone.benchmarks
    (tmp_path / "mine").mkdir()
    beyond = tmp_path / "mine" / "own.jsonl"
    beyond.write_text(json.dumps({"id": "m", "question": "罗库溴铵的起效时间受哪些因素影响"}), "utf-8")
    row = record("罗库溴铵的起效时间受哪些因素影响？")
    assert sift(step, row) == ([row], [])
    wider = Decontaminate(benchmarks=step.benchmarks, task_files=[str(inside), str(beyond), str(beyond)])
    assert wider.benchmarks == (str(inside), str(beyond)) and wider.key() != step.key()
    kept, [(rejected, _)] = sift(wider, row)
    assert kept == [] and rejected["benchmark_item"] == "own.jsonl:m"


def test_a_benchmark_in_a_storage_keeps_out_the_same(step, tmp_path):
    fsspec.filesystem("memory").pipe("/bench/q.jsonl", Path(step.benchmarks[0]).read_bytes())
    there = Decontaminate(benchmarks=["memory://bench"], task_files=["memory://bench", "memory://bench/q.jsonl"])
    _, rejected = sift(there, record(STEM + "？"))
    ((row, reason),) = rejected
    assert (row["benchmark_item"], reason) == ("q.jsonl:q1", "contaminated_question")
    assert there.benchmarks == ("memory://bench", "memory://bench/q.jsonl")
    assert there.key() != step.key()
