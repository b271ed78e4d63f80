import threading

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from hypnos.chat.model import pieces

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
    with pytest.raises(ValueError, match="max_new_tokens"):
        list(pieces(network, tokenizer, TURNS, max_new_tokens=-1))
