import math

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.benchmark.answerers.likelihood_prompts import choose, choose_per_character, questions
from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.inference.likelihood import Weighing, encode, keeps_branches_apart, weigh
from hypnos.benchmark.inference.output_head import OutputHead
from hypnos.benchmark.items import Item

CHOICES = [
    {"id": "a", "question": "哪种药最快？", "options": {"A": "甲药", "B": "乙药水", "C": "丙"}, "answer": "B"},
    {"id": "b", "question": "很长很长的一道题：哪一项正确？", "options": {"A": "是的", "B": "不是"}, "answer": "A"},
    {"id": "c", "question": "哪些正确？", "options": {"A": "一", "B": "二", "C": "三"}, "answer": "AC"},
    {"id": "d", "question": "选？", "options": {"A": "short", "B": "a much longer option text"}, "answer": "A"},
]


@pytest.fixture(scope="module")
def model(directory):
    return AutoModelForCausalLM.from_pretrained(directory).eval()


@torch.inference_mode()
def alone(model, prompt, continuation):
    """Log-likelihood from one plain forward pass over prompt and continuation."""
    logits = model(torch.tensor([[*prompt, *continuation]])).logits[0].float()
    found = torch.log_softmax(logits[len(prompt) - 1 : -1], -1)
    return float(sum(found[i, token] for i, token in enumerate(continuation)))


def test_likelihoods_are_those_of_each_continuation_alone(model):
    torch.manual_seed(3)
    draw = lambda n: tuple(torch.randint(3, 1500, (n,)).tolist())  # noqa: E731
    weighings = [
        Weighing(draw(length), tuple(draw(n) for n in lengths))
        for length, lengths in [(1, (1, 3)), (9, (2, 2, 7)), (30, (1,)), (4, (5, 1, 1, 12)), (31, (2, 9)), (9, (1, 1))]
    ]
    for tokens in (20, 50, 10_000):
        found = weigh(model, weighings, tokens=tokens)
        for number, one in enumerate(weighings):
            expected = [alone(model, one.prompt, ids) for ids in one.continuations]
            assert found[number] == pytest.approx(expected, abs=1e-4)


def test_what_all_prompts_share_is_read_once(model, monkeypatch):
    shared = tuple(range(10, 40))
    weighings = [
        Weighing((*shared, *own), ((8,), (9, 10))) for own in ((50,), (51, 52, 53), (51, 52, 54, 55), (60, 61))
    ]
    read = []
    layers = type(model.model)
    forward = layers.forward
    monkeypatch.setattr(
        layers, "forward", lambda self, **k: read.append(tuple(k["input_ids"].shape)) or forward(self, **k)
    )
    found = weigh(model, weighings, tokens=1000)
    monkeypatch.undo()
    # After the trials: what is shared, then each prompt's own tokens with the first of (9, 10) behind them.
    assert read[-2:] == [(1, 30), (4, 5)]
    for number, one in enumerate(weighings):
        expected = [alone(model, one.prompt, ids) for ids in one.continuations]
        assert found[number] == pytest.approx(expected, abs=1e-4)


def test_letters_need_one_pass_and_scores_at_the_last_token_alone(model, monkeypatch):
    weighings = [Weighing((5, 6, 7), ((8,), (9,))), Weighing((5, 6), ((8,), (9,)))]
    read, scored = [], []
    layers, linear = type(model.model), torch.nn.functional.linear
    forward = layers.forward
    monkeypatch.setattr(layers, "forward", lambda self, **k: read.append(k["input_ids"].shape) or forward(self, **k))

    def counted(x, weight, bias=None):
        if len(weight) == 1500:  # the vocabulary
            scored.append(tuple(x.shape[:-1]))
        return linear(x, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    found = weigh(model, weighings, tokens=1000)
    monkeypatch.undo()
    assert read[-1] == (2, 3) and scored[-1] == (2,)
    assert found[1] == pytest.approx([alone(model, (5, 6), (8,)), alone(model, (5, 6), (9,))], abs=1e-5)


def test_a_model_that_does_more_with_its_scores_is_used_whole(model, monkeypatch):
    weighings = [Weighing((5, 6, 7), ((8, 3), (9,))), Weighing((5, 6), ((8,), (9, 4)))]
    plain = weigh(model, weighings, tokens=1000)
    whole = type(model).forward

    def capped(self, *args, **kwargs):
        found = whole(self, *args, **kwargs)
        found.logits = torch.tanh(found.logits / 5) * 5
        return found

    monkeypatch.setattr(type(model), "forward", capped)
    found = weigh(model, weighings, tokens=1000)
    for number, one in enumerate(weighings):
        expected = [alone(model, one.prompt, ids) for ids in one.continuations]
        assert found[number] == pytest.approx(expected, abs=1e-4)
        assert found[number] != pytest.approx(plain[number], abs=1e-2)


def test_a_model_that_mixes_branches_reads_each_alone(model, monkeypatch):
    weighings = [Weighing((5, 6, 7), ((8, 3, 4), (9,), (4, 5))), Weighing((5, 6), ((8,), (9, 4)))]
    whole = type(model.model).forward

    def by_its_own_count(self, *args, **kwargs):
        kwargs.pop("position_ids", None)
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(type(model.model), "forward", by_its_own_count)
    assert not keeps_branches_apart(OutputHead(model))
    found = weigh(model, weighings, tokens=1000)
    monkeypatch.undo()
    assert keeps_branches_apart(OutputHead(model))
    for number, one in enumerate(weighings):
        expected = [alone(model, one.prompt, ids) for ids in one.continuations]
        assert found[number] == pytest.approx(expected, abs=1e-4)


def test_a_continuation_is_encoded_as_it_stands_after_its_prompt(directory):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    (one,) = encode(tokenizer, ["<s>The answer is "], [("yes", "the one")], special=False)
    whole = [
        tokenizer(f"<s>The answer is {text}", add_special_tokens=False)["input_ids"] for text in ("yes", "the one")
    ]
    assert [[*one.prompt, *ids] for ids in one.continuations] == whole
    assert one.prompt == tuple(tokenizer("<s>The answer is", add_special_tokens=False)["input_ids"])
    (lines,) = encode(tokenizer, ["<s>问：\n选？\n答：\n"], [("A", "B")], special=False)
    assert [len(ids) for ids in lines.continuations] == [1, 1]


def answers_of(local, task, way):
    return {one.item: one for group in local.answer(task, task.items(), way, done=set()) for one in group}


def test_letters_follow_the_tasks_own_prompt(directory, model, make_task):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    found = answers_of(local, task, "letters")
    prompt = local.encode(["<s>问：\n哪种药最快？\nA. 甲药\nB. 乙药水\nC. 丙\n答案：\n答：\n"])[0]
    ids = {letter: local.encode([f"\n{letter}"])[0][-1] for letter in "ABC"}
    assert found["a"].likelihoods == pytest.approx({x: alone(model, prompt, [ids[x]]) for x in "ABC"}, abs=1e-4)
    assert found["a"].choice == max(found["a"].likelihoods, key=found["a"].likelihoods.get)
    assert found["a"].rule == "likelihood: letters"


def test_texts_follow_the_stem_alone(directory, model, make_task):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    found = answers_of(local, task, "texts")
    prompt = "<s>问：\n选？\n答：\n"
    before = local.encode([prompt])[0]
    for letter, text in CHOICES[3]["options"].items():
        ids = local.encode([prompt + text])[0][len(before) :]
        assert found["d"].likelihoods[letter] == pytest.approx(alone(model, before, ids), abs=1e-4)


def test_an_item_with_several_answers_is_left_out_and_says_so(directory, make_task):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    for way in ("letters", "texts"):
        one = answers_of(local, task, way)["c"]
        assert (one.likelihoods, one.choice, one.rule) == (None, None, "left out: several answers")


def test_each_option_is_asked_by_itself_with_yes_or_no(directory, model, make_task):
    local, task = LocalModel(path=str(directory)), make_task(CHOICES, kind="choice")
    one = answers_of(local, task, "yes_no")["c"]
    asked = [q for q in questions(task, task.items(), "yes_no") if q.item == 2]
    for question, letter in zip(asked, "ABC", strict=True):
        text = local.render(question.messages)
        before = local.encode([text])[0]
        yes, no = (alone(model, before, local.encode([text + word])[0][len(before) :]) for word in ("是", "否"))
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
def test_a_real_model_weighs_real_options_as_plain_passes_do(shared_data, tmp_path, make_task):
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
            assert found[row["id"]].likelihoods[letter] == pytest.approx(alone(weights, before, ids), abs=1e-4)
