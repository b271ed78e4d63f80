import json
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import PromptForm
from hypnos.benchmark.inference.generate import Row, Sampling, batches, decode
from hypnos.errors import UserError

QUESTIONS = [
    {"id": f"q{i}", "question": f"{'很长的' * (i % 5)}第{i}个问题是什么？", "answers": ["答"]} for i in range(13)
]


@pytest.fixture(scope="module")
def model(directory):
    return AutoModelForCausalLM.from_pretrained(directory).eval()


@pytest.fixture(scope="module")
def prompts(directory):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    turns = [[{"role": "user", "content": row["question"]}] for row in QUESTIONS]
    texts = [tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True) for turn in turns]
    return tokenizer(texts, add_special_tokens=False)["input_ids"]


def one_by_one(model, prompts, stops, limit):
    """transformers' own greedy answers, each prompt alone."""
    answers = []
    for ids in prompts:
        said = model.generate(
            torch.tensor([ids]), max_new_tokens=limit, do_sample=False, eos_token_id=sorted(stops), pad_token_id=0
        )[0, len(ids) :].tolist()
        answers.append(said[: next((i for i, token in enumerate(said) if token in stops), len(said))])
    return answers


def test_a_batch_says_what_each_prompt_alone_says(model, prompts):
    long = one_by_one(model, prompts, {2}, 150)
    # Stops of our own, which few rows say: they end at different places, some of them never.
    said = Counter(token for answer in long for token in set(answer))
    stops = {2} | {token for token, rows in said.items() if rows <= 2}
    expected = one_by_one(model, prompts, stops, 150)
    got = decode(model, [Row(prompt=ids, limit=150) for ids in prompts], stops=stops, pad=0)
    assert [ids for ids, _ in got] == expected
    assert len({len(ids) for ids in expected}) > 3
    for (ids, finished), prompt in zip(got, prompts, strict=True):
        assert finished == (len(ids) < 150)
        if finished:
            following = model(torch.tensor([[*prompt, *ids]])).logits[0, -1].argmax()
            assert int(following) in stops


def test_each_row_keeps_its_own_limit(model, prompts):
    whole = decode(model, [Row(prompt=ids, limit=12) for ids in prompts], stops={2}, pad=0)
    limits = [1 + i % 12 for i in range(len(prompts))]
    got = decode(model, [Row(prompt=p, limit=n) for p, n in zip(prompts, limits, strict=True)], stops={2}, pad=0)
    assert [ids for ids, _ in got] == [ids[:n] for (ids, _), n in zip(whole, limits, strict=True)]


def test_an_end_of_several_tokens_is_found(model, prompts):
    whole = decode(model, [Row(prompt=ids, limit=30) for ids in prompts[:4]], stops={2}, pad=0)
    wanted = whole[1][0][4:6]
    got = decode(
        model,
        [Row(prompt=ids, limit=30) for ids in prompts[:4]],
        stops={2},
        pad=0,
        ended=lambda ids: ids[-2:] == wanted,
    )
    assert got[1][0][-2:] == wanted and got[1][1] and len(got[1][0]) <= 6


def test_batches_hold_like_sizes_within_their_bounds():
    sizes = [5, 100, 7, 99, 6, 98, 1]
    groups = batches(sizes, tokens=200, rows=3)
    assert groups == [[1, 3], [5, 2], [4, 0, 6]]
    assert batches([500], tokens=200, rows=3) == [[0]]
    assert batches([10, 10, 9, 8, 2], tokens=80, rows=9) == [[0, 1, 2, 3, 4]]
    assert batches([10, 10, 9, 8, 2], tokens=80, rows=9, alike=0.85) == [[0, 1, 2], [3, 4]]


def drawn(model, prompts, items, sampling, limit=6):
    rows = [Row(prompt=prompts[i], limit=limit, draws=sampling.draws(f"q{i}", repeat, limit)) for i, repeat in items]
    return [ids for ids, _ in decode(model, rows, stops={2}, pad=0, sampling=sampling)]


def test_what_is_drawn_depends_on_seed_item_and_repeat_alone(model, prompts):
    sampling = Sampling(temperature=0.8, top_p=0.95, seed=1, repeats=2)
    together = drawn(model, prompts, [(i, r) for i in range(6) for r in range(2)], sampling)
    assert drawn(model, prompts, [(4, 1), (0, 0)], sampling) == [together[9], together[0]]
    assert together[0] != together[1]
    assert drawn(model, prompts, [(0, 0)], replace(sampling, seed=2)) != [together[0]]


def test_tokens_are_drawn_with_their_probability(model, prompts):
    sampling = Sampling(temperature=1.0, top_p=0.5, seed=0, repeats=2000)
    logits = model(torch.tensor([prompts[0]])).logits[0, -1].double()
    probabilities, order = torch.softmax(logits, -1).sort(descending=True)
    kept = int((probabilities.cumsum(0) < 0.5).sum()) + 1  # the smallest set that holds half
    expected = dict(
        zip(order[:kept].tolist(), (probabilities[:kept] / probabilities[:kept].sum()).tolist(), strict=True)
    )
    found = [ids[0] if ids else 2 for ids in drawn(model, prompts, [(0, r) for r in range(2000)], sampling, limit=1)]
    assert set(found) <= expected.keys()
    shares = {token: found.count(token) / 2000 for token in expected}
    # Four standard deviations of the likeliest share.
    assert max(abs(shares[token] - expected[token]) for token in expected) < 4 * np.sqrt(0.25 / 2000)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"temperature": -1}, "temperature -1"),
        ({"temperature": 1, "top_p": 0}, "top_p 0"),
        ({"repeats": 3}, "3 repeats of greedy answers are all the same"),
    ],
)
def test_settings_of_sampling_that_cannot_be(settings, named):
    with pytest.raises(UserError, match=named):
        Sampling(**settings)


def answers_of(model, task, done=()):
    groups = list(model.answer(task, task.items(), "generation", done=set(done)))
    return groups, {(one.item, one.sample): one for group in groups for one in group}


def test_a_directory_answers_with_its_own_template(directory, make_task, prompts, model):
    local = LocalModel(path=str(directory), rows=4)
    groups, found = answers_of(local, make_task(QUESTIONS, max_new_tokens=20))
    expected = one_by_one(model, prompts, {2}, 20)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    for number, ids in enumerate(expected):
        one = found[f"q{number}", 0]
        assert one.prompt == f"<s>问：\n{QUESTIONS[number]['question']}\n答：\n"
        assert one.raw == tokenizer.decode(ids)
        assert (one.tokens, one.finished) == (len(ids), len(ids) < 20)
    assert [len(group) for group in groups] == [4, 4, 4, 1]


def test_groups_that_are_done_are_left_out_and_the_others_stay_the_same(directory, make_task):
    local = LocalModel(path=str(directory), rows=4)
    task = make_task(QUESTIONS, max_new_tokens=8)
    groups, found = answers_of(local, task)
    done = [(one.item, 0) for one in [*groups[0], *groups[1][:2]]]
    rest, again = answers_of(local, task, done)
    assert [[one.item for one in group] for group in rest] == [[one.item for one in group] for group in groups[1:]]
    assert all(found[place] == one for place, one in again.items())


def test_repeats_are_numbered_and_greedy_says_the_same_twice(directory, make_task):
    local = LocalModel(path=str(directory), sampling={"temperature": 0.9, "repeats": 2, "seed": 3})
    task = make_task(QUESTIONS[:3], max_new_tokens=8)
    _, found = answers_of(local, task)
    assert found.keys() == {(f"q{i}", r) for i in range(3) for r in range(2)}
    assert any(found[f"q{i}", 0].raw != found[f"q{i}", 1].raw for i in range(3))
    assert answers_of(LocalModel(path=str(directory)), task)[1] == answers_of(LocalModel(path=str(directory)), task)[1]


def test_what_decides_an_answer_decides_the_key(directory, make_task):
    task = make_task(QUESTIONS)
    key = LocalModel(path=str(directory)).key(task, "generation")
    assert LocalModel(path=str(directory), rows=2, cache_gib=1.0).key(task, "generation") == key
    assert LocalModel(path=str(directory), sampling={"temperature": 1.0}).key(task, "generation") != key
    assert LocalModel(path=str(directory), form=PromptForm()).key(task, "generation") != key
    assert LocalModel(path=str(directory)).key(replace(task, max_new_tokens=5), "generation") != key
    assert LocalModel(path=str(directory)).key(replace(task, max_new_tokens=5), "letters") == LocalModel(
        path=str(directory)
    ).key(task, "letters")


def test_every_way_to_name_the_end_of_an_answer_ends_it(directory, tmp_path, make_task):
    task = make_task(QUESTIONS[:4], max_new_tokens=20)
    _, free = answers_of(LocalModel(path=str(directory)), task)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    ids = tokenizer(free["q1", 0].raw, add_special_tokens=False)["input_ids"]
    assert len(ids) > 5
    folder = shutil.copytree(directory, tmp_path / "ends")
    settings = json.loads((folder / "generation_config.json").read_text("utf-8"))
    end = LocalModel(path=str(directory)).encode([free["q1", 0].prompt + free["q1", 0].raw])[0]
    stop = end[len(LocalModel(path=str(directory)).encode([free["q1", 0].prompt])[0]) + 3]
    (folder / "generation_config.json").write_text(json.dumps({**settings, "eos_token_id": [2, stop]}), "utf-8")
    _, cut = answers_of(LocalModel(path=str(folder)), task)
    assert cut["q1", 0].finished and cut["q1", 0].tokens <= 3
    assert free["q1", 0].raw.startswith(cut["q1", 0].raw)


def test_the_templates_turn_end_is_a_stop(directory):
    from hypnos.benchmark.answerers.weights import stop_ids

    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    model = AutoModelForCausalLM.from_pretrained(directory)
    assert stop_ids(model, tokenizer) == {2, tokenizer.convert_tokens_to_ids("<|im_end|>")}


def without_template(directory, folder):
    shutil.copytree(directory, folder)
    (folder / "chat_template.jinja").unlink()
    return folder


def test_a_base_without_a_template_gets_the_plain_form(directory, tmp_path, make_task):
    base = without_template(directory, tmp_path / "base")
    _, found = answers_of(LocalModel(path=str(base)), make_task(QUESTIONS[:2], max_new_tokens=4))
    assert found["q1", 0].prompt == "问：很长的第1个问题是什么？\n答："


def test_a_forms_stop_ends_the_answer_and_is_no_part_of_it(directory, make_task):
    task = make_task(QUESTIONS[:5], max_new_tokens=30)
    form = PromptForm(user="问：{content}\n答：", stop=())
    _, free = answers_of(LocalModel(path=str(directory), form=form), task)
    raw = free["q0", 0].raw
    stop = raw[3:5]
    _, cut = answers_of(LocalModel(path=str(directory), form=replace(form, stop=(stop,))), task)
    assert cut["q0", 0].finished
    assert cut["q0", 0].answer == raw[: raw.index(stop)].strip()
    assert cut["q0", 0].tokens < free["q0", 0].tokens


def test_special_tokens_in_a_question_stay_text(directory):
    local = LocalModel(path=str(directory))
    text = local.render([{"role": "user", "content": "什么是</s>？"}])
    assert local.encode([text])[0].count(2) == 0
    assert "< /s>" in text


def test_a_system_turn_that_a_template_does_not_know_opens_the_question(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "strict")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ m['content'] }}{{ eos_token }}{% endfor %}",
        "utf-8",
    )
    turns = [{"role": "system", "content": "你是医生。"}, {"role": "user", "content": "问"}]
    assert LocalModel(path=str(folder)).render(turns) == "你是医生。\n\n问</s>"


def test_a_prompt_that_fills_the_model_has_no_answer(directory, make_task):
    rows = [*QUESTIONS[:2], {"id": "long", "question": "长" * 2000, "answers": ["答"]}]
    _, found = answers_of(LocalModel(path=str(directory)), make_task(rows, max_new_tokens=4))
    assert (found["long", 0].rule, found["long", 0].answer, found["long", 0].finished) == ("prompt too long", "", False)
    assert found["q0", 0].tokens > 0


@pytest.fixture
def adapter(directory, tmp_path):
    """A stage's folder with an adapter inside, whose weights are far from nothing."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    shutil.copytree(directory, tmp_path / "base")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    tuned = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    tuned.save_pretrained(tmp_path / "stage" / "adapter")
    merged = tuned.merge_and_unload().eval()
    return tmp_path / "stage" / "adapter", merged


def test_an_adapter_is_loaded_on_its_base(adapter, directory, make_task, prompts):
    folder, merged = adapter
    local = LocalModel(path=str(folder))
    assert local.name == "stage/adapter"
    _, found = answers_of(local, make_task(QUESTIONS, max_new_tokens=12))
    expected = one_by_one(merged, prompts, {2}, 12)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    assert [found[f"q{i}", 0].raw for i in range(13)] == [tokenizer.decode(ids) for ids in expected]
    _, plain = answers_of(LocalModel(path=str(directory)), make_task(QUESTIONS, max_new_tokens=12))
    assert any(found[place].raw != plain[place].raw for place in found)


def test_an_adapter_without_its_base_says_where_it_looked(adapter, directory):
    folder, _ = adapter
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": "./gone"}), "utf-8")
    with pytest.raises(UserError, match=r"an adapter, and its base \./gone is not here; give it as base"):
        LocalModel(path=str(folder))
    assert LocalModel(path=str(folder), base=str(directory)).base == directory


def test_a_directory_without_a_tokenizer_is_one_line(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "mute")
    for file in folder.glob("*"):
        if "token" in file.name or file.suffix == ".jinja":
            file.unlink()
    with pytest.raises(UserError, match=r"mute: no tokenizer here \(tokenizer\.json or tokenizer\.model\)"):
        LocalModel(path=str(folder))


def test_a_directory_with_a_broken_tokenizer_is_found_before_anything_is_answered(directory, tmp_path, make_task):
    folder = shutil.copytree(directory, tmp_path / "broken")
    (folder / "tokenizer.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match="broken: the tokenizer cannot be read") as caught:
        LocalModel(path=str(folder)).check([make_task(QUESTIONS)])
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        LocalModel(path=str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"neither config\.json nor adapter_config\.json"):
        LocalModel(path=str(tmp_path))


def test_weights_that_do_not_load_are_one_line(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "torn")
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="torn: the model cannot be loaded") as caught:
        LocalModel(path=str(folder)).load()
    assert "\n" not in str(caught.value)


def test_a_bare_sentencepiece_model_is_read_by_who_can(directory, tmp_path):
    from hypnos.vocabulary.tokenizer import read_tokenizer

    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.model"):
        shutil.copyfile(directory / name, folder / name)
    local = LocalModel(path=str(folder), read_tokenizer=read_tokenizer)
    text = "  two  spaces 和中文"
    expected = AutoTokenizer.from_pretrained(directory)(text, add_special_tokens=True)["input_ids"]
    assert local.encode([text])[0] == expected
