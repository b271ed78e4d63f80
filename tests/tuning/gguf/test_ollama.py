import re

import pytest
from transformers import PreTrainedTokenizerFast

from hypnos.errors import UserError
from hypnos.tuning.gguf.ollama import go_template, surroundings, write_modelfile

CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
TALK = [
    {"role": "system", "content": "你是麻醉医师。"},
    {"role": "user", "content": "丙泊酚？"},
    {"role": "assistant", "content": "2 mg/kg"},
    {"role": "user", "content": "罗库溴铵？"},
]


def read(template, talk):
    """What Ollama makes of a template of this form: a reader of our own of the language's few words used."""
    loop, answer = re.fullmatch(
        r"\{\{ range \.Messages \}\}(.*)\{\{ end \}\}\{\{ end \}\}(.*)", template, re.S
    ).groups()
    branches = dict(re.findall(r'\{\{ (?:else )?if eq \.Role "(\w+)" \}\}(.*?)(?=\{\{ else if|\Z)', loop, re.S))
    return "".join(branches[turn["role"]].replace("{{ .Content }}", turn["content"]) for turn in talk) + answer


@pytest.mark.parametrize("which", ["plain", "chatml"])
def test_the_template_says_what_the_stages_own_does(spoken, which, tmp_path):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    if which == "chatml":
        tokenizer.chat_template = CHATML
    written = tokenizer.apply_chat_template(TALK, tokenize=False, add_generation_prompt=True)
    assert read(go_template(surroundings(tokenizer)), TALK) == written.removeprefix(tokenizer.bos_token)
    write_modelfile(tokenizer, tmp_path / "a.gguf", tmp_path / "Modelfile", stops=["</s>", 'a"\n'])
    text = (tmp_path / "Modelfile").read_text("utf-8")
    assert text.startswith('FROM ./a.gguf\nTEMPLATE """') and 'PARAMETER stop "a\\"\\n"' in text


def test_a_template_that_looks_at_the_whole_is_refused(spoken):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    tokenizer.chat_template = "{{ messages | length }}" + CHATML
    with pytest.raises(UserError, match="does more than put words around each turn"):
        surroundings(tokenizer)
