"""Layouts of public sets, in files as they are published, of invented content."""

import json
import logging
from pathlib import Path

import pytest

from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.anesbench import AnesBench
from hypnos.benchmark.tasks.readers.cmb import Cmb, CmbClin
from hypnos.benchmark.tasks.readers.cmexam import CmExam
from hypnos.benchmark.tasks.readers.columns import Columns
from hypnos.benchmark.tasks.readers.lines import Lines
from hypnos.benchmark.tasks.readers.passages import Passages
from hypnos.benchmark.tasks.readers.stems import is_negative
from hypnos.errors import UserError


def write(path: Path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(path)


def read(reader, path: str, kind: str = "choice") -> list[Item]:
    return [item for _, item in reader.read(path, kind)]


BILINGUAL = {
    "id": "7a", "choice_num": 3, "answer": "B", "level": 2,
    "en_question": "Which one?", "en_A": "one", "en_B": "two", "en_C": "three", "en_D": "",
    "cn_question": "哪一个？", "cn_A": "一", "cn_B": "二", "cn_C": "三", "cn_D": "",
}  # fmt: skip


@pytest.mark.parametrize("prefix", ["cn_", "zh_", ""])
def test_anesbench_reads_chinese_under_any_of_its_prefixes(tmp_path, prefix):
    row = {key.replace("cn_", prefix): value for key, value in BILINGUAL.items()}
    item = read(AnesBench(), write(tmp_path / "a.json", [row]))[0]
    assert (item.id, item.question, dict(item.options)) == ("7a", "哪一个？", {"A": "一", "B": "二", "C": "三"})
    assert (item.answers, item.level, item.multiple) == (("B",), "2", False)


def test_anesbench_reads_english_from_either_layout(tmp_path):
    assert read(AnesBench(language="en"), write(tmp_path / "a.json", [BILINGUAL]))[0].options["B"] == "two"
    row = {"question": "Which?", "A": "x", "B": "y", "answer": "A"}
    item = read(AnesBench(language="en"), write(tmp_path / "b.json", [row]))[0]
    assert (item.question, item.level, item.id) == ("Which?", "", "1")


def test_anesbench_leaves_out_filling_beyond_its_number_of_options(tmp_path):
    row = BILINGUAL | {"cn_D": "-"}
    assert list(read(AnesBench(), write(tmp_path / "a.json", [row]))[0].options) == ["A", "B", "C"]
    with pytest.raises(UserError, match=r"a\.json#1: the answer D is outside the options \(A, B, C\)"):
        read(AnesBench(), write(tmp_path / "a.json", [row | {"answer": "D"}]))


def test_anesbench_names_the_columns_found_when_none_fits(tmp_path):
    with pytest.raises(
        UserError, match=r"#1: no column zh_question or cn_question or question; columns found: fr_question, answer"
    ):
        read(AnesBench(), write(tmp_path / "a.json", [{"fr_question": "?", "answer": "A"}]))
    with pytest.raises(UserError, match=r"#1: no columns zh_A, zh_B; columns found: zh_question, answer"):
        read(AnesBench(), write(tmp_path / "b.json", [{"zh_question": "?", "answer": "A"}]))
    with pytest.raises(UserError, match=r"reader\.language: 'de' is none of zh, en"):
        AnesBench(language="de")


def test_incomplete_rows_stop_or_are_counted(tmp_path, caplog):
    path = write(tmp_path / "a.json", [BILINGUAL, BILINGUAL | {"id": "7b", "cn_question": ""}])
    with pytest.raises(UserError, match=r"a\.json#2: empty zh_question"):
        read(AnesBench(), path)
    with caplog.at_level(logging.WARNING):
        assert len(read(AnesBench(skip_incomplete=True), path)) == 1
    assert "1 incomplete rows left out, the first: " in caplog.text


CMEXAM = (
    "Question,Options,Answer,Explanation,Clinical Department,Difficulty level\n"
    '下列哪项除外,"A 甲\nB．乙\nC、C反应蛋白\nD 丁",B,因为乙。,麻醉科,3\n'
    '多选,"A 甲\nB 乙\nC 丙",AC,,内科,1\n'
    '空,"A 甲\nB 乙",,,内科,1\n'
)


def test_cmexam_splits_options_by_lines_and_leaves_out_empty_cells(tmp_path, caplog):
    path = write(tmp_path / "test.csv", CMEXAM)
    with caplog.at_level(logging.WARNING):
        first, second = read(CmExam(), path)
    assert "1 incomplete rows left out" in caplog.text
    assert first.options == {"A": "甲", "B": "乙", "C": "C反应蛋白", "D": "丁"}
    assert (first.negative, first.multiple, first.topic, first.level) == (True, False, "麻醉科", "3")
    assert (second.answers, second.multiple, second.id) == (("AC",), True, "2")
    assert len(read(CmExam(department="麻醉"), path)) == 1
    with pytest.raises(UserError, match=r"test\.csv:\d+: missing answers"):
        read(CmExam(skip_incomplete=False), path)


def test_cmexam_without_annotations_cannot_be_cut_by_department(tmp_path):
    path = write(tmp_path / "val.csv", 'Question,Options,Answer\n问,"A 甲\nB 乙",A\n')
    assert read(CmExam(), path)[0].topic == ""
    with pytest.raises(UserError, match="columns found: Question, Options, Answer"):
        read(CmExam(department="麻醉"), path)


def cmb(number: int, exam_class: str, subject: str, kind: str = "单项选择题", **more) -> dict:
    return {
        "id": number, "exam_type": "医师考试", "exam_class": exam_class, "exam_subject": subject, "question": f"问{number}",
        "question_type": kind, "option": {"A": "甲", "B": "乙", "C": "丙", "D": "丁", "E": ""}, **more,
    }  # fmt: skip


def test_cmb_joins_the_second_file_and_keeps_the_subjects(tmp_path):
    rows = [cmb(1, "规培结业", "麻醉科"), cmb(2, "规培结业", "内科"), cmb(3, "临床医学", "麻醉学", "多项选择题")]
    path = write(tmp_path / "test.json", rows)
    answers = write(
        tmp_path / "answers.json", [{"id": 3, "answer": "DB"}, {"id": 1, "answer": "C"}, {"id": 2, "answer": "A"}]
    )
    reader = Cmb(answers=answers, subjects=[["规培结业", "麻醉科"], ["临床医学", "麻醉学"]])
    first, second = read(reader, path)
    assert (first.id, first.answers, first.multiple, list(first.options)) == ("1", ("C",), False, ["A", "B", "C", "D"])
    assert (second.answers, second.multiple, second.topic) == (("BD",), True, "医师考试/临床医学/麻醉学")
    assert len(read(Cmb(answers=answers), path)) == 3


def test_cmb_names_what_is_missing(tmp_path):
    path = write(tmp_path / "test.json", [cmb(1, "规培结业", "麻醉科")])
    with pytest.raises(
        UserError, match=r"test\.json#1: missing answers: no column answer \(test part: reader\.answers"
    ):
        read(Cmb(), path)
    answers = write(tmp_path / "answers.json", [{"id": 2, "answer": "C"}])
    with pytest.raises(UserError, match=r"test\.json#1: missing answers: the file of answers has no id 1"):
        read(Cmb(answers=answers), path)
    twice = write(tmp_path / "twice.json", [{"id": 1, "answer": "C"}, {"id": 1, "answer": "B"}])
    with pytest.raises(UserError, match=r"twice\.json#2: the id 1 came before, at .*twice\.json#1"):
        read(Cmb(answers=twice), path)
    outside = write(tmp_path / "outside.json", [{"id": 1, "answer": "E"}])
    with pytest.raises(UserError, match=r"outside\.json#1: the answer E is outside the options"):
        read(Cmb(answers=outside), path)
    with pytest.raises(UserError, match="no item of these subjects; subjects found: 规培结业/麻醉科"):
        read(Cmb(subjects=[["规培结业", "外科"]]), path)
    odd = write(tmp_path / "odd.json", [cmb(1, "规培结业", "麻醉科", "判断题", answer="A")])
    with pytest.raises(UserError, match="question_type '判断题' is none of"):
        read(Cmb(), odd)


def test_cmb_clin_makes_an_item_of_each_question_of_a_case(tmp_path):
    pairs = [{"question": "诊断？", "solution": "肠梗阻"}, {"question": "处理？", "solution": "手术"}]
    path = write(tmp_path / "clin.json", [{"id": "5", "title": "案例", "description": "男，60岁。", "QA_pairs": pairs}])
    items = read(CmbClin(), path, "reading")
    assert [(item.id, item.group, item.answers) for item in items] == [
        ("5-1", "5", ("肠梗阻",)),
        ("5-2", "5", ("手术",)),
    ]
    assert {item.passage for item in items} == {"男，60岁。"}
    with pytest.raises(UserError, match=r"#1: no column QA_pairs; columns found: id, description"):
        read(CmbClin(), write(tmp_path / "b.json", [{"id": "5", "description": "男"}]), "reading")


def test_ceval_and_cmmlu_tables_are_read_with_the_file_as_topic(tmp_path):
    write(tmp_path / "clinical_val.csv", "id,question,A,B,C,D,answer,explanation\n0,问,1,2,3,4,C,因\n")
    write(tmp_path / "nursing.csv", ",Question,A,B,C,D,Answer\n0,问？,1,2,3,4,D\n1,又问？,1,2,3,4,A\n")
    items = read(Columns(), str(tmp_path))
    assert [(item.id, item.topic, item.answers[0]) for item in items] == [
        ("clinical-0", "clinical", "C"), ("nursing-0", "nursing", "D"), ("nursing-1", "nursing", "A"),
    ]  # fmt: skip
    assert (items[0].explanation, items[1].options["D"]) == ("因", "4")
    hidden = write(tmp_path / "clinical_test.csv", "id,question,A,B,C,D\n0,问,1,2,3,4\n")
    with pytest.raises(UserError, match=r"clinical_test\.csv:2: no column answer; columns found: id, question, A"):
        read(Columns(), hidden)


def test_passages_are_read_in_three_forms(tmp_path):
    answers = [{"text": "二", "answer_start": 1}, {"text": "二"}, {"text": "二号"}]
    squad = {"version": "v1", "data": [{"title": "题", "paragraphs": [
        {"context": "文一", "qas": [{"id": "1", "question": "谁？", "answers": answers}, {"id": "2", "question": "哪？", "answers": answers[:1]}]},
        {"context": "文二", "qas": [{"id": "3", "question": "谁？", "answers": answers[:1]}]},
    ]}]}  # fmt: skip
    items = read(Passages(), write(tmp_path / "squad.json", squad), "reading")
    assert [(item.id, item.passage, item.answers) for item in items] == [
        ("1", "文一", ("二", "二号")), ("2", "文一", ("二",)), ("3", "文二", ("二",)),
    ]  # fmt: skip
    trial = [
        {
            "context_id": "T",
            "context_text": "文",
            "title": "题",
            "qas": [{"query_id": "T_0", "query_text": "谁？", "answers": ["我", "我们"]}],
        }
    ]
    item = read(Passages(), write(tmp_path / "trial.json", trial), "reading")[0]
    assert (item.id, item.question, item.answers, item.topic) == ("T_0", "谁？", ("我", "我们"), "题")
    flat = {"id": "f", "context": "文", "question": "谁？", "answers": {"text": ["我"], "answer_start": [0]}}
    assert read(Passages(), write(tmp_path / "flat.jsonl", flat), "reading")[0].answers == ("我",)
    # One object on one line under the name .json is a flat row as well.
    assert read(Passages(), write(tmp_path / "flat.json", flat), "reading")[0].id == "f"


def test_passages_name_a_question_without_answers_and_broken_json(tmp_path):
    with pytest.raises(UserError, match=r"a\.jsonl:1: missing answers"):
        read(Passages(), write(tmp_path / "a.jsonl", {"context": "文", "question": "谁？", "answers": []}), "reading")
    with pytest.raises(UserError, match=r"b\.json:1: not JSON"):
        read(Passages(), write(tmp_path / "b.json", '{"data": ['), "reading")


@pytest.mark.parametrize("answer", ["BD", "D,B", "B、D", "Ｂ和Ｄ", "b d", ["D", "B"], "D；B"])
def test_the_order_and_separators_of_an_answer_do_not_matter(tmp_path, answer):
    row = {"question": "？", "options": ["甲", "乙", "丙", "丁"], "answer": answer}
    item = read(Lines(), write(tmp_path / "a.jsonl", row))[0]
    assert (item.answers, item.multiple, list(item.options)) == (("BD",), True, ["A", "B", "C", "D"])


def test_nine_options_and_a_case_before_the_question(tmp_path):
    row = {
        "question": "宜选",
        "case": "男，60岁。",
        "options": {letter: f"第{letter}" for letter in "IHGFEDCBA"},
        "answer": "I",
    }
    item = read(Lines(), write(tmp_path / "a.jsonl", row))[0]
    assert (list(item.options), item.passage) == (list("ABCDEFGHI"), "男，60岁。")


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


@pytest.mark.real_data
def test_real_choice_questions_are_read(shared_data):
    items = read(Lines(), str(shared_data / "mcq" / "anesthesia_mcq_dev.jsonl"))
    assert (len(items), sum(item.multiple for item in items)) == (83, 5)
    assert sum(item.negative for item in items) in (10, 11)
    assert len(read(Lines(), str(shared_data / "mcq" / "medical_mcq_sample.jsonl"))) == 1500


@pytest.mark.real_data
def test_real_passages_are_read_by_both_readers(shared_data):
    path = str(shared_data / "reading" / "cmrc2018_medical.jsonl")
    ours, theirs = read(Lines(), path, "reading"), read(Passages(), path, "reading")
    assert len(ours) == len(theirs) == 103
    assert [(a.id, a.passage, a.question, a.answers) for a in ours] == [
        (b.id, b.passage, b.question, b.answers) for b in theirs
    ]
