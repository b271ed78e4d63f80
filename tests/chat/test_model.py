import json
import shutil
import threading

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.inference.generate import BatchRow, decode
from hypnos.chat.model import load, pieces
from hypnos.errors import UserError

TURNS = [{"role": "user", "content": "什么是喉罩？"}]


@pytest.fixture(scope="module")
def model(directory):
    return AutoModelForCausalLM.from_pretrained(directory).eval(), AutoTokenizer.from_pretrained(directory)


def test_the_pieces_make_the_greedy_answer_of_plain_transformers(model):
    network, tokenizer = model
    inputs = tokenizer.apply_chat_template(TURNS, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    ids = network.generate(**inputs, max_new_tokens=24, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    read = list(pieces(network, tokenizer, TURNS, max_new_tokens=24))
    assert "".join(read) == tokenizer.decode(ids, skip_special_tokens=True)
    assert len([piece for piece in read if piece]) > 1  # it comes in pieces, and not at once


def test_who_stops_listening_ends_the_generation(model):
    network, tokenizer = model
    steps = []
    network.register_forward_hook(lambda *_: steps.append(1))
    reader = pieces(network, tokenizer, TURNS, max_new_tokens=300)
    next(reader)
    reader.close()
    assert len(steps) < 300 and threading.active_count() < 20


def test_a_failure_in_generating_is_raised_where_the_answer_is_read(model):
    network, tokenizer = model

    def fail(*_):
        raise ValueError("no such weights")

    hook = network.register_forward_pre_hook(fail)
    with pytest.raises(ValueError, match="no such weights"):
        list(pieces(network, tokenizer, TURNS, max_new_tokens=4))
    hook.remove()


def evaluated(folder, tokens):
    """What an evaluation has the model say."""
    local = LocalModel(path=str(folder))
    network = local.load()
    row = BatchRow(prompt=local.encode([local.render(TURNS)])[0], limit=tokens)
    ((ids, finished, _),) = decode(network, [row], stops=local._stops, pad=local._pad)
    return local.text.tokenizer.decode(ids, skip_special_tokens=True), finished


def said(folder, tokens):
    return "".join(pieces(*load(folder), TURNS, max_new_tokens=tokens))


def set_generation(folder, **settings):
    file = folder / "generation_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **settings}), "utf-8")


def test_a_folders_generation_settings_change_no_answer(directory, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(directory, folder)
    set_generation(folder, repetition_penalty=5.0, no_repeat_ngram_size=1, do_sample=True, temperature=0.7)
    assert said(folder, 24) == said(directory, 24) == evaluated(folder, 24)[0]


def test_an_answer_ends_where_an_evaluations_does(directory, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    network = AutoModelForCausalLM.from_pretrained(directory)
    inputs = tokenizer.apply_chat_template(TURNS, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    ids = network.generate(**inputs, max_new_tokens=24, do_sample=False)[0, inputs["input_ids"].shape[1] :].tolist()
    end = next(token for token in ids[4:] if token not in ids[:4])
    folder = tmp_path / "model"
    shutil.copytree(directory, folder)
    # The tokenizer names this end, and the generation settings another one.
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({**config, "eos_token": tokenizer.convert_ids_to_tokens(end)}), "utf-8"
    )
    set_generation(folder, eos_token_id=0)
    expected, finished = evaluated(folder, 24)
    assert finished and said(folder, 24) == expected


def test_a_conversation_that_fills_the_context_is_refused_and_an_answer_ends_with_it(model):
    network, tokenizer = model
    long = [{"role": "user", "content": "喉罩" * 600}]
    with pytest.raises(UserError, match=r"\d+ tokens, and the model takes 512$"):
        next(pieces(network, tokenizer, long, max_new_tokens=4))
    steps = []
    hook = network.register_forward_hook(lambda *_: steps.append(1))
    prompt = len(tokenizer.apply_chat_template(TURNS, add_generation_prompt=True, return_dict=True)["input_ids"])
    list(pieces(network, tokenizer, TURNS, max_new_tokens=10_000))
    hook.remove()
    assert len(steps) <= 512 - prompt


def test_a_template_that_fails_is_one_line(model):
    network, tokenizer = model
    tokenizer = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    tokenizer.chat_template = "{{ raise_exception('only in pairs') }}"
    with pytest.raises(UserError, match="the chat template fails: only in pairs"):
        next(pieces(network, tokenizer, TURNS, max_new_tokens=4))


@pytest.mark.parametrize(
    ("change", "line"),
    [({"model_type": "no_such_type"}, "no_such_type"), ({"hidden_size": 64}, "ignore_mismatched_sizes|size mismatch")],
)
def test_a_model_that_cannot_be_loaded_is_one_line(directory, tmp_path, change, line):
    folder = tmp_path / "model"
    shutil.copytree(directory, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **change}), "utf-8")
    with pytest.raises(UserError, match=f"^{folder}: the model cannot be loaded: [^\n]*({line})[^\n]*$"):
        load(folder)
