import json
import shutil
from dataclasses import replace

from transformers import AutoTokenizer

from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import PromptForm


def answers_of(model, task, done=()):
    groups = list(model.answer(task, task.items(), "generation", done=set(done)))
    return groups, {(one.item, one.sample): one for group in groups for one in group}


def test_a_directory_answers_with_its_own_template(directory, make_task, prompts, model, generate_alone, questions):
    local = LocalModel(path=str(directory), rows=4)
    groups, found = answers_of(local, make_task(questions, max_new_tokens=20))
    expected = generate_alone(model, prompts, {2}, 20)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    for number, ids in enumerate(expected):
        one = found[f"q{number}", 0]
        assert one.prompt == f"<s>问：\n{questions[number]['question']}\n答：\n"
        assert one.raw == tokenizer.decode(ids)
        assert (one.tokens, one.finished) == (len(ids), len(ids) < 20)
    assert [len(group) for group in groups] == [4, 4, 4, 1]


def test_groups_that_are_done_are_left_out_and_the_others_stay_the_same(directory, make_task, questions):
    local = LocalModel(path=str(directory), rows=4)
    task = make_task(questions, max_new_tokens=8)
    groups, found = answers_of(local, task)
    done = [(one.item, 0) for one in [*groups[0], *groups[1][:2]]]
    rest, again = answers_of(local, task, done)
    assert [[one.item for one in group] for group in rest] == [[one.item for one in group] for group in groups[1:]]
    assert all(found[place] == one for place, one in again.items())


def test_repeats_are_numbered_and_greedy_says_the_same_twice(directory, make_task, questions):
    local = LocalModel(path=str(directory), sampling={"temperature": 0.9, "repeats": 2, "seed": 3})
    task = make_task(questions[:3], max_new_tokens=8)
    _, found = answers_of(local, task)
    assert found.keys() == {(f"q{i}", r) for i in range(3) for r in range(2)}
    assert any(found[f"q{i}", 0].raw != found[f"q{i}", 1].raw for i in range(3))
    assert answers_of(LocalModel(path=str(directory)), task)[1] == answers_of(LocalModel(path=str(directory)), task)[1]


def test_what_decides_an_answer_decides_the_key(directory, make_task, questions):
    task = make_task(questions)
    key = LocalModel(path=str(directory)).key(task, "generation")
    assert LocalModel(path=str(directory), rows=2, cache_gib=1.0).key(task, "generation") == key
    assert LocalModel(path=str(directory), sampling={"temperature": 1.0}).key(task, "generation") != key
    assert LocalModel(path=str(directory), form=PromptForm()).key(task, "generation") != key
    assert LocalModel(path=str(directory)).key(replace(task, max_new_tokens=5), "generation") != key
    assert LocalModel(path=str(directory)).key(replace(task, max_new_tokens=5), "letters") == LocalModel(
        path=str(directory)
    ).key(task, "letters")


def test_every_way_to_name_the_end_of_an_answer_ends_it(directory, tmp_path, make_task, questions):
    task = make_task(questions[:4], max_new_tokens=20)
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


def without_template(directory, folder):
    shutil.copytree(directory, folder)
    (folder / "chat_template.jinja").unlink()
    return folder


def test_a_base_without_a_template_gets_the_plain_form(directory, tmp_path, make_task, questions):
    base = without_template(directory, tmp_path / "base")
    _, found = answers_of(LocalModel(path=str(base)), make_task(questions[:2], max_new_tokens=4))
    assert found["q1", 0].prompt == "问：很长的第1个问题是什么？\n答："


def test_a_forms_stop_ends_the_answer_and_is_no_part_of_it(directory, make_task, questions):
    task = make_task(questions[:5], max_new_tokens=30)
    form = PromptForm(user="问：{content}\n答：", stop=())
    _, free = answers_of(LocalModel(path=str(directory), form=form), task)
    raw = free["q0", 0].raw
    stop = raw[3:5]
    _, cut = answers_of(LocalModel(path=str(directory), form=replace(form, stop=(stop,))), task)
    assert cut["q0", 0].finished
    assert cut["q0", 0].answer == raw[: raw.index(stop)].strip()
    assert cut["q0", 0].tokens < free["q0", 0].tokens


def test_a_prompt_that_fills_the_model_has_no_answer(directory, make_task, questions):
    rows = [*questions[:2], {"id": "long", "question": "长" * 2000, "answers": ["答"]}]
    _, found = answers_of(LocalModel(path=str(directory)), make_task(rows, max_new_tokens=4))
    assert (found["long", 0].rule, found["long", 0].answer, found["long", 0].finished) == ("prompt too long", "", False)
    assert found["long", 0].out_of_context and not found["q0", 0].out_of_context
    assert found["q0", 0].tokens > 0


def test_an_answer_that_the_context_cuts_is_told_from_one_that_never_stops(directory, make_task, questions):
    task = make_task(questions, max_new_tokens=20)
    prompts = [LocalModel(path=str(directory)).render(task.messages(item)) for item in task.items()]
    middle = sorted(map(len, LocalModel(path=str(directory)).encode(prompts)))[len(prompts) // 2] + 20
    local = LocalModel(path=str(directory), max_length=middle)
    _, found = answers_of(local, task)
    for one in found.values():
        room = middle - len(local.encode([one.prompt])[0])
        assert one.out_of_context == (not one.finished and room < 20)
    assert {one.out_of_context for one in found.values()} == {True, False}


def test_an_adapter_is_loaded_on_its_base(adapter, directory, make_task, prompts, generate_alone, questions):
    folder, merged = adapter
    local = LocalModel(path=str(folder))
    assert local.name == "stage/adapter"
    _, found = answers_of(local, make_task(questions, max_new_tokens=12))
    expected = generate_alone(merged, prompts, {2}, 12)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    assert [found[f"q{i}", 0].raw for i in range(13)] == [tokenizer.decode(ids) for ids in expected]
    _, plain = answers_of(LocalModel(path=str(directory)), make_task(questions, max_new_tokens=12))
    assert any(found[place].raw != plain[place].raw for place in found)


def test_a_bare_sentencepiece_model_is_read_by_who_can(directory, tmp_path):
    from hypnos.vocabulary.tokenizer import read_tokenizer

    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.model"):
        shutil.copyfile(directory / name, folder / name)
    local = LocalModel(path=str(folder), read_tokenizer=read_tokenizer)
    text = "  two  spaces 和中文"
    expected = AutoTokenizer.from_pretrained(directory)(text, add_special_tokens=False)["input_ids"]
    assert local.encode([text])[0] == [1, *expected]  # the BOS of config.json, which a tokenizer.model does not ask for
    (folder / "tokenizer_config.json").write_text('{"add_bos_token": false}', "utf-8")
    assert LocalModel(path=str(folder), read_tokenizer=read_tokenizer).encode([text])[0] == expected
