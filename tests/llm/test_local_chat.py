import shutil
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from hypnos.artefacts.model_folder import copy_tokenizer
from hypnos.errors import UserError
from hypnos.llm.client import Client
from hypnos.llm.journal.journal import Journal
from hypnos.llm.local_chat import LocalChat
from hypnos.llm.requests import Request
from hypnos.vocabulary.base_vocabulary import OwnVocabulary


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A Llama of a few thousand weights that says anything, with a tokenizer that has a chat template."""
    root = Path(__file__).parents[2]
    folder = tmp_path_factory.mktemp("local") / "model"
    tokenizer = folder.with_name("tokenizer")
    tokenizer.mkdir()
    template = yaml.safe_load((root / "conf/template/plain.yaml").read_text("utf-8"))["chat"]
    OwnVocabulary(template=template).write_tokenizer(str(root / "hypnos/sample/base"), tokenizer)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4000, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=64, eos_token_id=2, bos_token_id=1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    copy_tokenizer(tokenizer, folder)
    return folder


def chat(directory, **changes):
    return LocalChat(**{"name": "local", "directory": str(directory), "max_new_tokens": 8, "device": "cpu", **changes})


def test_greedy_replies_are_those_of_plain_transformers(directory, make_client, requests):
    answers = list(make_client().ask(chat(directory), requests(3, egress="local"), parse=str))
    model, tokenizer = AutoModelForCausalLM.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
    for request, answer in zip(requests(3), answers, strict=True):
        inputs = tokenizer.apply_chat_template(
            list(request.messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        reply = model.generate(**inputs, max_new_tokens=8, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        assert answer.text == tokenizer.decode(reply, skip_special_tokens=True)
        assert (answer.tokens_in, answer.tokens_out) == (inputs["input_ids"].shape[1], len(reply))
        assert answer.cost == 0.0


def test_sampled_replies_depend_on_seed_and_repeat_and_not_on_order(directory, make_client, requests, tmp_path):
    def ask(records, **changes):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
        with Client(journal=Journal(path=path)) as client:
            answers = client.ask(chat(directory, temperature=2.0, **changes), records, parse=str)
            return {(answer.request.id, answer.request.first_sample): answer.text for answer in answers}

    repeats = [*requests(2), *requests(2, first_sample=100)]
    first = ask(repeats)
    assert ask(list(reversed(repeats))) == first
    assert len(set(first.values())) == 4
    assert set(ask(repeats, seed=1).values()).isdisjoint(first.values())


def test_the_random_state_of_the_process_is_left_alone(directory, make_client, requests):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    list(make_client().ask(chat(directory, temperature=1.0), requests(1), parse=str))
    assert torch.equal(torch.rand(3), expected)


def test_the_content_of_the_folder_is_the_model(directory, tmp_path):
    copied = shutil.copytree(directory, tmp_path / "another_name")
    assert chat(copied).identity() == chat(directory).identity()
    (copied / "generation_config.json").write_text("{}")
    assert chat(copied).identity() != chat(directory).identity()
    assert chat(directory, temperature=1.0).identity() != chat(directory).identity()


def test_a_prompt_that_is_too_long_is_refused_alone(directory, make_client):
    records = [Request(id=f"{n}", messages=({"role": "user", "content": "麻" * n},)) for n in (1, 500)]
    short, long = make_client().ask(chat(directory), records, parse=str)
    assert short.reason == ""
    assert long.reason.startswith("refused: too long: ")


def test_a_folder_that_is_no_model_is_told(directory, make_client, requests, tmp_path):
    with pytest.raises(UserError, match="no Hugging Face directory"):
        list(make_client().ask(chat(tmp_path), requests(1), parse=str))
    broken = shutil.copytree(directory, tmp_path / "broken")
    (broken / "chat_template.jinja").unlink(missing_ok=True)
    with pytest.raises(UserError, match="its tokenizer has no chat template"):
        list(make_client().ask(chat(broken), requests(1), parse=str))
