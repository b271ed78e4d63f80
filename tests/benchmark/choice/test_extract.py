"""Reading letters from replies: a written set, and the cases that are easily read wrong."""

import json
from pathlib import Path

import pytest

from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.lines import Lines

REPLIES = Path(__file__).with_name("replies.jsonl")
FOUR = {"A": "吗啡", "B": "芬太尼", "C": "舒芬太尼", "D": "纳洛酮"}


def item(
    *, options: dict[str, str] = FOUR, question: str = "下列正确的是", negative: bool = False, multiple: bool = False
):
    return Item(
        id="1", kind="choice", question=question, answers=("A",), options=options, negative=negative, multiple=multiple
    )


def written_set() -> tuple[dict[str, Item], list[dict]]:
    rows = [json.loads(line) for line in REPLIES.read_text("utf-8").splitlines()]
    items = {
        row["item"]: item(
            options=row["options"],
            question=row["question"],
            negative=row.get("negative", False),
            multiple=row.get("multiple", False),
        )
        for row in rows
        if "options" in row
    }
    return items, [row for row in rows if "reply" in row]


@pytest.mark.parametrize(("part", "least"), [("open", 220), ("held", 120)])
def test_of_the_written_set_98_percent_are_right_and_nothing_is_guessed(part, least):
    items, rows = written_set()
    rows = [row for row in rows if row["part"] == part]
    read = [(extract(row["reply"], items[row["item"]])[0], row["letters"]) for row in rows]
    assert len(rows) >= least
    assert sum(wanted is None for _, wanted in read) >= 20
    assert sum(found == wanted for found, wanted in read) / len(read) >= 0.98
    assert [found for found, wanted in read if wanted is None and found is not None] == []


def test_the_written_set_has_replies_of_each_kind_and_none_twice():
    items, rows = written_set()
    assert len({(row["item"], row["reply"]) for row in rows}) == len(rows) >= 220
    assert all(set(row["letters"] or "") <= set(items[row["item"]].options) | {"F"} for row in rows)
    assert {"lma", "airway", "hypotension", "reversal", "negmulti"} <= {row["item"] for row in rows}


@pytest.mark.parametrize(
    ("reply", "letters", "rule"),
    [
        ("B", "B", "letters alone"),
        ("\\boxed{B}", "B", "marked"),
        ("所以答案是B", "B", "declared"),
        ("答案：B\nA. 起效慢\nC. 作用太久", "B", "declared"),  # remarks on others, and no second letter
        ("答案：\nB\nC", "BC", "declared"),
        ("正确选项有A、B和D，C应避免。", "ABD", "declared"),
        ("答案是B吗？不，应为C。", "C", "closing letter"),
        ("B：芬太尼最合适，其余不合适", "B", "leading letter"),
        ("B. 芬太尼\nC. 舒芬太尼", "BC", "options listed"),
        ("对不起，我不能回答。", None, "refused"),
        ("A错误，B正确，C错误，D错误", "B", "judged"),
        ("第三个选项", "C", "numbered"),
        ("可以考虑使用舒芬太尼", "C", "option text"),
        ("毫无疑问，C", "C", "closing letter"),
        ("今天天气很好", None, "no rule fits"),
        ("答案是H", None, "declared, outside the options"),
    ],
)
def test_the_rule_that_decided_is_named(reply, letters, rule):
    assert extract(reply, item()) == (letters, rule)


def test_two_letters_are_two_letters_on_a_single_answer_item():
    assert extract("A和C", item())[0] == "AC"
    assert extract("答案：CA", item())[0] == "AC"


def test_a_stem_that_asks_for_what_is_wrong_turns_the_words_round():
    reply = "A、C、D均正确，B错误"
    assert extract(reply, item(negative=True))[0] == "B"
    assert extract("错误的是B", item(negative=True))[0] == "B"
    assert extract("错误的是B", item())[0] is None
    assert extract("正确的是B", item(negative=True))[0] is None
    assert extract("正确答案是B", item(negative=True))[0] == "B"
    # Explanations also call the option to choose 对, whichever way the stem asks: the odd one is meant.
    assert extract("A错，B错，C对，D错", item(negative=True))[0] == "C"


def test_a_later_announcement_takes_back_an_earlier_one_unless_that_was_final():
    assert extract("答案是A。不对，答案应为C。", item())[0] == "C"
    assert extract("最终答案：A\n\n也有人认为答案是C。", item())[0] == "A"


def test_a_question_that_the_model_made_up_is_not_answered_for_it():
    reply = "答案：A\n问题：下列药物中起效最快的是\n答案：D"
    assert extract(reply, item())[0] == "A"
    repeated = "好的。\n问题：下列正确的是\nA. 吗啡\n答案：D"
    assert extract(repeated, item())[0] == "D"


def test_a_drug_that_only_contains_an_options_name_is_not_that_option():
    options = {"A": "芬太尼", "B": "肾上腺素"}
    assert extract("首选瑞芬太尼", item(options=options))[0] is None
    assert extract("首选去甲肾上腺素", item(options=options))[0] is None
    assert extract("首选芬太尼", item(options=options))[0] == "A"


@pytest.mark.parametrize(
    "reply", ["B超检查", "A型血", "查C反应蛋白", "D-二聚体升高", "I think so", "A patient", "ASA Ⅲ级"]
)
def test_letters_of_medical_words_are_no_options(reply):
    assert extract(reply, item())[0] is None


def test_one_option_stands_for_all_where_there_is_one():
    every = {**FOUR, "E": "以上均是"}
    assert extract("以上都是", item(options=every))[0] == "E"
    assert extract("A、B、C、D都正确", item(options=every))[0] == "E"
    assert extract("以上都是", item())[0] is None
    assert extract("全选", item(multiple=True))[0] == "ABCD"


@pytest.mark.real_data
def test_textbook_explanations_are_read_as_their_answers(shared_data):
    right = read = 0
    for name in ("anesthesia_mcq_dev", "medical_mcq_sample"):
        for _, question in Lines().read(str(shared_data / "mcq" / f"{name}.jsonl"), "choice"):
            letters, _ = extract(question.explanation, question) if question.explanation else (None, "")
            read += letters is not None
            right += letters == question.answers[0]
    assert read > 600
    assert right / read >= 0.98


@pytest.mark.real_data
def test_answers_to_other_questions_choose_nothing(shared_data):
    questions = [found for _, found in Lines().read(str(shared_data / "mcq" / "medical_mcq_sample.jsonl"), "choice")]
    with (shared_data / "qa" / "general_medical_qa.jsonl").open(encoding="utf-8") as stream:
        replies = [json.loads(next(stream))["output"] for _ in range(1500)]
    pairs = zip(replies, questions * 2, strict=False)
    chosen = [extract(reply, question)[0] for reply, question in pairs]
    assert len(chosen) == 1500
    assert sum(letters is not None for letters in chosen) <= 4
