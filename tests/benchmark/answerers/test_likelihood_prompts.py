import math

import pytest

from hypnos.benchmark.answerers.likelihood_prompts import choose, choose_per_character, make_questions
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.items import Item

CHOICES = [
    {"id": "a", "question": "哪种药最快？", "options": {"A": "甲药", "B": "乙药水", "C": "丙"}, "answer": "B"},
    {"id": "b", "question": "很长很长的一道题：哪一项正确？", "options": {"A": "是的", "B": "不是"}, "answer": "A"},
    {"id": "c", "question": "哪些正确？", "options": {"A": "一", "B": "二", "C": "三"}, "answer": "AC"},
    {"id": "d", "question": "选？", "options": {"A": "short", "B": "a much longer option text"}, "answer": "A"},
]


def answers_of(local, task, way):
    return {one.item: one for group in local.answer(task, task.items(), way, done=set()) for one in group}


def test_letters_follow_the_tasks_own_prompt(directory, model, make_task, likelihood_alone):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    found = answers_of(local, task, "letters")
    prompt = local.encode(["<s>问：\n哪种药最快？\nA. 甲药\nB. 乙药水\nC. 丙\n答案：\n答：\n"])[0]
    ids = {letter: local.encode([f"\n{letter}"])[0][-1] for letter in "ABC"}
    assert found["a"].likelihoods == pytest.approx(
        {x: likelihood_alone(model, prompt, [ids[x]]) for x in "ABC"}, abs=1e-4
    )
    assert found["a"].choice == max(found["a"].likelihoods, key=found["a"].likelihoods.get)
    assert found["a"].rule == "likelihood: letters"


def test_texts_follow_the_stem_alone(directory, model, make_task, likelihood_alone):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    found = answers_of(local, task, "texts")
    prompt = "<s>问：\n选？\n答：\n"
    before = local.encode([prompt])[0]
    for letter, text in CHOICES[3]["options"].items():
        ids = local.encode([prompt + text])[0][len(before) :]
        assert found["d"].likelihoods[letter] == pytest.approx(likelihood_alone(model, before, ids), abs=1e-4)


def test_an_item_with_several_answers_is_left_out_and_says_so(directory, make_task):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    for way in ("letters", "texts"):
        one = answers_of(local, task, way)["c"]
        assert (one.likelihoods, one.choice, one.rule) == (None, None, "left out: several answers")


def test_each_option_is_asked_by_itself_with_yes_or_no(directory, model, make_task, likelihood_alone):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    one = answers_of(local, task, "yes_no")["c"]
    asked = [q for q in make_questions(task, task.items(), "yes_no") if q.item == 2]
    for question, letter in zip(asked, "ABC", strict=True):
        text = local.render(question.messages)
        before = local.encode([text])[0]
        yes, no = (
            likelihood_alone(model, before, local.encode([text + word])[0][len(before) :]) for word in ("是", "否")
        )
        assert math.exp(one.likelihoods[letter]) == pytest.approx(
            math.exp(yes) / (math.exp(yes) + math.exp(no)), abs=1e-4
        )
        assert ("一", "二", "三")["ABC".index(letter)] in text
    right = "".join(letter for letter in "ABC" if one.likelihoods[letter] > math.log(0.5))
    assert one.choice == (right or None)


def test_an_item_that_does_not_fit_the_model_is_left_out_and_says_so(directory, make_task):
    rows = [*CHOICES, {**CHOICES[0], "id": "long", "question": "长" * 2000}]
    local, task = LocalModel(path=str(directory)), make_task(rows, kind="choice")
    for way in ("letters", "texts", "yes_no"):
        found = answers_of(local, task, way)
        assert (found["long"].likelihoods, found["long"].rule) == (None, "prompt too long")
        assert found["a"].likelihoods


def test_a_long_option_is_not_at_a_loss_per_character():
    item = Item(id="d", kind="choice", question="?", answers=("B",), options={"A": "短", "B": "长得多的一项"})
    likelihoods = {"A": -3.0, "B": -9.0}
    assert choose(likelihoods, "texts") == "A"
    assert choose_per_character(likelihoods, item) == "B"
    assert choose({"A": math.log(0.6), "B": math.log(0.4), "C": math.log(0.51)}, "yes_no") == "AC"
    assert choose({"A": math.log(0.5)}, "yes_no") is None


@pytest.mark.real_data
@pytest.mark.slow
def test_a_real_model_weighs_real_options_as_plain_passes_do(shared_data, tmp_path, make_task, likelihood_alone):
    import json

    from hypnos.vocabulary.tokenizer import read_tokenizer

    base = shared_data / "models" / "stories15M"
    rows = [json.loads(line) for line in (shared_data / "mcq/anesthesia_mcq_dev.jsonl").read_text("utf-8").splitlines()]
    rows = [row for row in rows if len(row["answer"]) == 1 and len(row["question"]) < 60][:12]
    task = make_task([{k: row[k] for k in ("id", "question", "options", "answer")} for row in rows], kind="choice")
    local = LocalModel(path=str(base), read_tokenizer=read_tokenizer, device="cpu")
    found = answers_of(local, task, "texts")
    weights = local.load()
    for row in rows:
        prompt = f"问：{row['question']}\n答："
        before = local.encode([prompt])[0]
        for letter, text in row["options"].items():
            ids = local.encode([prompt + text])[0][len(before) :]
            assert found[row["id"]].likelihoods[letter] == pytest.approx(
                likelihood_alone(weights, before, ids), abs=1e-4
            )
