import pytest

from hypnos.data.template import ChatTemplate, Literal, Special, Turn
from hypnos.errors import UserError


def test_the_plain_template_learns_answers_and_the_eos_after_each(load) -> None:
    tokenizer = load("plain")
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (1, 2)
    assert ChatTemplate(tokenizer).parts(4) == (
        Special(1, False),
        Literal("问：\n", False),
        Turn(0),
        Literal("\n答：\n", False),
        Turn(1),
        Special(2, True),
        Literal("问：\n", False),
        Turn(2),
        Literal("\n答：\n", False),
        Turn(3),
        Special(2, True),
    )
    assert [Turn(number).in_loss for number in range(4)] == [False, True, False, True]


@pytest.mark.parametrize("name", ["chatml", "named"])
def test_chatml_learns_the_token_that_ends_an_answer_and_no_other(load, name: str) -> None:
    tokenizer = load(name)
    start, end = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert ChatTemplate(tokenizer).parts(2) == (
        Special(start, False),
        Literal("user\n", False),
        Turn(0),
        Special(end, False),
        Literal("\n", False),
        Special(start, False),
        Literal("assistant\n", False),
        Turn(1),
        Special(end, True),
        Literal("\n", False),
    )


def test_blanks_that_the_model_must_write_itself_are_learnt(load) -> None:
    assert ChatTemplate(load("blanks")).parts(2) == (
        Special(1, False),
        Literal("[INST] ", False),
        Turn(0),
        Literal(" [/INST]", False),
        Literal(" ", True),
        Turn(1),
        Literal(" ", True),
        Special(2, True),
    )


def test_a_head_that_no_prompt_holds_is_learnt_with_its_special_token(load) -> None:
    headed = "{% for m in messages %}{{ '<s>' }}{{ m['role'] }}:{{ m['content'] }}</s>{% endfor %}"
    assert ChatTemplate(load("plain", template=headed)).parts(2)[4:] == (
        Special(1, True),
        Literal("assistant:", True),
        Turn(1),
        Special(2, True),
    )


def test_what_only_the_generation_prompt_writes_is_not_learnt(load) -> None:
    told = "{% for m in messages %}{% if m['role'] == 'user' %}Q{{ m['content'] }}{% if not loop.last %}A{% endif %}{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}{% if add_generation_prompt %}A{% endif %}"
    learnt = told.replace("{% if add_generation_prompt %}A{% endif %}", "")
    assert ChatTemplate(load("plain", template=told)).parts(2)[2] == Literal("A", False)
    assert ChatTemplate(load("plain", template=learnt)).parts(2)[2] == Literal("A", True)


def test_a_prompt_that_is_written_otherwise_later_leaves_only_the_answer_to_learn(load) -> None:
    template = "{{ messages | length }}{% for m in messages %}:{{ m['content'] }}{% if m['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    assert ChatTemplate(load("plain", template=template)).parts(2) == (
        Literal("2:", False),
        Turn(0),
        Literal(":", False),
        Turn(1),
        Special(2, True),
    )


def test_a_template_that_trims_its_turns_is_followed(load) -> None:
    template = "{% for m in messages %}{{ m['content'] | trim }}{{ eos_token }}{% endfor %}"
    assert ChatTemplate(load("plain", template=template)).parts(2) == (
        Turn(0),
        Special(2, False),
        Turn(1),
        Special(2, True),
    )


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{% for m in messages %}{{ m['content'] }}\n{% endfor %}", "ends an answer with no special token"),
        (
            "{% for m in messages %}{% if m['role'] == 'user' %}问{% else %}答{% endif %}{{ m['content'] }}{% endfor %}</s>",
            "ends an answer with no special token",
        ),
        ("{{ messages[0]['content'] }}</s>", r"shows messages \[0\] of 4"),
        ("{{ raise_exception('only one turn') }}", "fails on 4 messages: only one turn"),
    ],
    ids=["never", "only the last", "left out", "refused"],
)  # fmt: skip
def test_a_template_that_cannot_teach_is_one_line(load, template: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        ChatTemplate(load("plain", template=template)).parts(4)
