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


STOPS_AT_THOUGHTS = CHATML.replace("m.content", "m.content.split('</think>')[-1]")
LLAMA3 = CHATML.replace("m.content", "m.content | trim")


def read(template, talk):
    """What Ollama makes of a template of this form: a reader of our own of the language's few words used."""
    quoted = re.compile(r'\{\{ "((?:\\.|[^"\\])*)" \}\}')

    def plain(text):
        left = quoted.sub("", text)
        assert "{{" not in left and not left.endswith("{") and '"""' not in text  # else it is read as something else
        return quoted.sub(lambda found: found[1].replace('\\"', '"'), text)

    begin, loop, answer = re.fullmatch(
        r"(.*)\{\{ range \.Messages \}\}(.*)\{\{ end \}\}\{\{ end \}\}(.*)", template, re.S
    ).groups()
    branches = dict(re.findall(r'\{\{ (?:else )?if eq \.Role "(\w+)" \}\}(.*?)(?=\{\{ else if|\Z)', loop, re.S))
    around = {role: [plain(part) for part in text.split("{{ .Content }}")] for role, text in branches.items()}
    return plain(begin) + "".join(turn["content"].join(around[turn["role"]]) for turn in talk) + plain(answer)


def template_of(modelfile):
    return re.search(r'TEMPLATE """(.*)"""\nPARAMETER temp', modelfile.read_text("utf-8"), re.S)[1]


@pytest.mark.parametrize("which", ["plain", "chatml"])
def test_the_template_says_what_the_stages_own_does(spoken, which, tmp_path):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    if which == "chatml":
        tokenizer.chat_template = CHATML
    written = tokenizer.apply_chat_template(TALK, tokenize=False, add_generation_prompt=True)
    assert read(go_template(surroundings(tokenizer)), TALK) == written
    file = tmp_path / "Modelfile"
    write_modelfile(tokenizer, tmp_path / "a.gguf", file, stops=["</s>", 'a"\n'], adds_first=False)
    text = file.read_text("utf-8")
    assert text.startswith('FROM ./a.gguf\nTEMPLATE """') and 'PARAMETER stop "a\\"\\n"' in text


@pytest.mark.parametrize(("adds_first", "begins"), [(False, "<s>问：\n"), (True, "问：\n")])
def test_the_first_token_is_left_to_ollama_where_the_file_adds_it_and_only_there(spoken, tmp_path, adds_first, begins):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    file = tmp_path / "Modelfile"
    write_modelfile(tokenizer, tmp_path / "a.gguf", file, stops=[], adds_first=adds_first)
    assert read(template_of(file), TALK[1:]).startswith(begins)


def test_a_mark_of_turns_that_is_the_first_token_too_stays_on_every_turn(spoken, tmp_path, caplog):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    tokenizer.add_special_tokens({"bos_token": "<|im_start|>"})
    tokenizer.chat_template = CHATML
    file = tmp_path / "Modelfile"
    write_modelfile(tokenizer, tmp_path / "a.gguf", file, stops=[], adds_first=False)
    written = tokenizer.apply_chat_template(TALK, tokenize=False, add_generation_prompt=True)
    assert read(template_of(file), TALK) == written and not caplog.text
    write_modelfile(tokenizer, tmp_path / "a.gguf", file, stops=[], adds_first=True)
    assert "the stage was trained without it" in caplog.text


def test_words_that_are_signs_of_ollamas_language_stand_for_themselves(spoken, tmp_path):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    tokenizer.chat_template = (
        """{% for m in messages %}{{ '{{SYSTEM}} "\"" {' + m.role + '}}} {' + m.content + '}"' }}{% endfor %}"""
        """{% if add_generation_prompt %}{{ '{{{ "' }}{% endif %}"""
    )
    file = tmp_path / "Modelfile"
    write_modelfile(tokenizer, tmp_path / "a.gguf", file, stops=[], adds_first=False)
    assert '{{ "{{" }}SYSTEM' in template_of(file)
    assert read(template_of(file), TALK) == tokenizer.apply_chat_template(
        TALK, tokenize=False, add_generation_prompt=True
    )


def test_a_template_that_does_more_than_frame_turns_is_refused(spoken):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    tokenizer.chat_template = "{{ messages | length }}" + CHATML
    with pytest.raises(UserError, match="does more than put words around each turn"):
        surroundings(tokenizer)


@pytest.mark.parametrize(
    ("template", "cut"),
    [
        (STOPS_AT_THOUGHTS, "earlier thoughts"),
        (LLAMA3, "blanks around what is said"),
        (STOPS_AT_THOUGHTS.replace("[-1]", "[-1] | trim"), "blanks around what is said and earlier thoughts"),
    ],
)
def test_what_a_template_cuts_besides_is_told(spoken, template, cut, caplog):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    tokenizer.chat_template = template
    assert surroundings(tokenizer).around["user"] == ("<|im_start|>user\n", "<|im_end|>\n")
    assert f"the chat template cuts {cut}; Ollama will not" in caplog.text
