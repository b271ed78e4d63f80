"""Questions read from every layout that benchmarks are published in."""

import json
from pathlib import Path

from hypnos.curation.similarity.benchmark_texts import read_questions


def write(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content, "utf-8")
    return str(folder / name)


def test_layouts(tmp_path):
    zh = {
        "id": "u1",
        "zh_question": "题干甲",
        "zh_A": "选项一",
        "zh_B": "选项二",
        "en_question": "Stem",
        "en_A": "x",
        "answer": "A",
    }
    anesbench = write(tmp_path, "anesbench.json", json.dumps([zh]))
    questions = list(read_questions(anesbench))
    assert [(a.name, a.question, a.options) for a in questions] == [
        ("anesbench.json:u1", "题干甲", ("选项一", "选项二")),
        ("anesbench.json:u1", "Stem", ("x",)),
    ]
    cmb = write(
        tmp_path, "cmb.json", json.dumps([{"id": 7, "question": "题", "option": {"A": "一", "E": ""}, "answer": "A"}])
    )
    assert [(a.name, a.options) for a in read_questions(cmb)] == [("cmb.json:7", ("一",))]
    case = {"id": "c", "title": "病例", "description": "病史", "QA_pairs": [{"question": "诊断？", "solution": "x"}]}
    [clinical] = read_questions(write(tmp_path, "clin.json", json.dumps([case])))
    assert (clinical.question, clinical.passage) == ("诊断？", "病史")
    cmexam = write(tmp_path, "cmexam.csv", 'Question,Options,Answer\n题一,"A 甲\nB 乙",A\n,,\n')
    assert [(a.question, a.options) for a in read_questions(cmexam)] == [("题一", ("甲", "乙"))]
    ceval = write(tmp_path, "ceval.csv", "id,question,A,B,answer\n0,题二,甲,乙,A\n")
    assert [(a.name, a.options) for a in read_questions(ceval)] == [("ceval.csv:0", ("甲", "乙"))]
    squad = {"title": "t", "paragraphs": [{"id": "p", "context": "文章", "qas": [{"id": "p1", "question": "问一"}]}]}
    [reading] = read_questions(write(tmp_path, "cmrc.json", json.dumps([squad])))
    assert (reading.name, reading.question, reading.passage) == ("cmrc.json:p1", "问一", "文章")
