import shutil

import pytest
from transformers import AddedToken, AutoTokenizer

from hypnos.benchmark.answerers.local_model import LocalModel
from hypnos.benchmark.answerers.prompt_form import PromptForm, without_special
from hypnos.errors import UserError


def test_a_form_writes_turns_as_its_model_was_trained():
    form = PromptForm(user="[Round {round}]\n问：{content}\n答：", assistant="{content}\n", preface="你是医生。")
    turns = [
        {"role": "user", "content": "甲{x}"},
        {"role": "assistant", "content": "乙"},
        {"role": "user", "content": "丙"},
    ]
    assert form.render(turns) == "你是医生。[Round 0]\n问：甲{x}\n答：乙\n[Round 1]\n问：丙\n答："
    with pytest.raises(UserError, match=r"user has no \{content\}"):
        PromptForm(user="问：")


def test_special_tokens_in_a_question_stay_text(directory):
    local = LocalModel(path=str(directory))
    text = local.render([{"role": "user", "content": "什么是</s>？"}])
    assert local.encode([text])[0].count(2) == 0
    assert "< /s>" in text


def test_a_special_token_without_a_role_is_broken_too(directory):
    """As Llama 3's `<|eot_id|>`: a server would read it as what it is named."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    tokenizer.add_tokens([AddedToken("<|eot_id|>", special=True)])
    assert "<|eot_id|>" not in tokenizer.all_special_tokens
    turns = [{"role": "user", "content": "何谓<|eot_id|>与</s>？"}]
    (turn,) = without_special(tokenizer, turns)
    assert "<|eot_id|>" not in turn["content"] and "</s>" not in turn["content"]


def test_a_system_turn_that_a_template_does_not_know_opens_the_question(directory, tmp_path):
    folder = shutil.copytree(directory, tmp_path / "strict")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ m['content'] }}{{ eos_token }}{% endfor %}",
        "utf-8",
    )
    turns = [{"role": "system", "content": "你是医生。"}, {"role": "user", "content": "问"}]
    assert LocalModel(path=str(folder)).render(turns) == "你是医生。\n\n问</s>"
