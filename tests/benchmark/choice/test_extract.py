"""Reading letters from replies: a written set, and the cases that are easily read wrong."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hypnos.benchmark.choice.extract import extract
from hypnos.benchmark.items import Item
from hypnos.benchmark.tasks.readers.lines import Lines

REPLIES = Path(__file__).with_name("replies.jsonl")
JUDGEMENTS = Path(__file__).with_name("judgements.jsonl")


@pytest.fixture
def written_set(item) -> tuple[dict[str, Item], list[dict]]:
    return read_set(REPLIES, item)


@pytest.fixture
def judgement_set(item) -> tuple[dict[str, Item], list[dict]]:
    return read_set(JUDGEMENTS, item)


def read_set(file: Path, item: Callable[..., Item]) -> tuple[dict[str, Item], list[dict]]:
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
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
def test_of_the_written_set_98_percent_are_right_and_nothing_is_guessed(part, least, written_set):
    items, rows = written_set
    rows = [row for row in rows if row["part"] == part]
    read = [(extract(row["reply"], items[row["item"]])[0], row["letters"]) for row in rows]
    assert len(rows) >= least
    assert sum(wanted is None for _, wanted in read) >= 20
    assert sum(found == wanted for found, wanted in read) / len(read) >= 0.98
    assert [found for found, wanted in read if wanted is None and found is not None] == []


@pytest.mark.parametrize("part", ["open", "held", "second", "third", "fourth"])
def test_of_replies_that_judge_correct_and_take_back_nothing_is_guessed(part, judgement_set):
    items, rows = judgement_set
    rows = [row for row in rows if row["part"] == part]
    read = [(extract(row["reply"], items[row["item"]])[0], row["letters"]) for row in rows]
    assert len(rows) >= 50
    assert [found for found, wanted in read if wanted is None and found is not None] == []
    # The last part was looked at once and is small: 2 of its 53 stay unread.
    assert sum(found == wanted for found, wanted in read) / len(read) >= (0.96 if part == "fourth" else 0.98)


def test_the_judgements_are_many_and_of_every_kind(judgement_set):
    _, rows = judgement_set
    assert len({(row["item"], row["reply"]) for row in rows}) == len(rows) >= 1000
    kinds = Counter(row["kind"] for row in rows)
    assert set(kinds) == {
        *("chinese", "traditional", "english", "mixed", "table", "several"),
        *("withdrawn", "corrected", "judged", "declined", "none", "negative"),
    }
    assert min(kinds.values()) >= 20


def test_the_written_set_has_replies_of_each_kind_and_none_twice(written_set):
    items, rows = written_set
    assert len({(row["item"], row["reply"]) for row in rows}) == len(rows) >= 220
    assert all(set(row["letters"] or "") <= set(items[row["item"]].options) | {"F"} for row in rows)
    assert {"lma", "airway", "hypotension", "reversal", "negmulti"} <= {row["item"] for row in rows}


@pytest.mark.parametrize(
    ("reply", "letters", "rule"),
    [
        ("今天天气很好", None, "no rule fits"),
        ("答案是H", None, "declared, outside the options"),
    ],
)
def test_the_rule_that_decided_is_named(reply, letters, rule, item):
    assert extract(reply, item()) == (letters, rule)


@pytest.mark.parametrize(
    ("reply", "letters"),
    [
        ("- A\n- C", "AC"),
        ("答案：\n- A\n- C", "AC"),
        ("答案：A\n- C", "AC"),
        ("• A\n• C\n• D", "ACD"),
        ("正确选项：\n- A. 吗啡\n- D. 纳洛酮\n\n解析：C错误。", "AD"),
        ("- 吗啡\n- 纳洛酮", "AD"),
        ("A-C", "ABC"),
        ("答案：A - C", "ABC"),
    ],
)
def test_options_in_a_list_of_lines_are_all_read(reply, letters, item):
    assert extract(reply, item(multiple=True))[0] == letters


@pytest.mark.parametrize(
    "reason",
    [
        "- B 起效慢\n- C 更慢",
        "\n- B：起效慢\n- C：更慢",
        "\nD起效最慢",
        "B和C起效慢",
        "B项错误，C项错误",
        "B、C都不合适",
        "解析：\nB. 起效慢\nC. 起效慢",
    ],
)
@pytest.mark.parametrize("answer", ["A", "答案：A", "**A**"])
def test_a_letter_on_its_own_line_is_the_answer_whatever_the_reasons_name(answer, reason, item):
    assert extract(f"{answer}\n{reason}", item())[0] == "A"


def test_the_second_best_is_not_the_answer(item):
    assert extract("最快的是B。其次是A。", item())[0] != "A"


def test_two_letters_are_two_letters_on_a_single_answer_item(item):
    assert extract("A和C", item())[0] == "AC"
    assert extract("答案：CA", item())[0] == "AC"


def test_a_question_that_the_model_made_up_is_not_answered_for_it(item):
    reply = "答案：A\n问题：下列药物中起效最快的是\n答案：D"
    assert extract(reply, item())[0] == "A"
    repeated = "好的。\n问题：下列正确的是\nA. 吗啡\n答案：D"
    assert extract(repeated, item())[0] == "D"


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
