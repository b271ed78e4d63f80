import pytest

from hypnos.data.template import ChatTemplate, Handover, Literal, Special, Thought, Turn
from hypnos.errors import UserError


def test_the_plain_template_learns_answers_and_the_eos_after_each(load) -> None:
    tokenizer = load("plain")
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (1, 2)
    assert ChatTemplate(tokenizer).parts(4) == (
        Special(1, False),
        Literal("问：\n", False),
        Turn(0, False),
        Literal("\n答：\n", False),
        Turn(1, True),
        Special(2, True),
        Literal("问：\n", False),
        Turn(2, False),
        Literal("\n答：\n", False),
        Turn(3, True),
        Special(2, True),
    )


@pytest.mark.parametrize("name", ["chatml", "named"])
def test_chatml_learns_the_token_that_ends_an_answer_and_no_other(load, name: str) -> None:
    tokenizer = load(name)
    start, end = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert ChatTemplate(tokenizer).parts(2) == (
        Special(start, False),
        Literal("user\n", False),
        Turn(0, False),
        Special(end, False),
        Literal("\n", False),
        Special(start, False),
        Literal("assistant\n", False),
        Turn(1, True),
        Special(end, True),
        Literal("\n", False),
    )


def test_blanks_that_the_model_must_write_itself_are_learnt(load) -> None:
    assert ChatTemplate(load("blanks")).parts(2) == (
        Special(1, False),
        Literal("[INST] ", False),
        Turn(0, False),
        Literal(" [/INST]", False),
        Literal(" ", True),
        Turn(1, True),
        Literal(" ", True),
        Special(2, True),
    )


def test_a_head_that_no_prompt_holds_is_learnt_with_its_special_token(load) -> None:
    headed = "{% for m in messages %}{{ '<s>' }}{{ m['role'] }}:{{ m['content'] }}</s>{% endfor %}"
    assert ChatTemplate(load("plain", template=headed)).parts(2)[4:] == (
        Special(1, True),
        Literal("assistant:", True),
        Turn(1, True),
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
        Turn(0, False),
        Literal(":", False),
        Turn(1, True),
        Special(2, True),
    )


def test_a_template_that_trims_its_turns_is_followed(load) -> None:
    template = "{% for m in messages %}{{ m['content'] | trim }}{{ eos_token }}{% endfor %}"
    assert ChatTemplate(load("plain", template=template)).parts(2) == (
        Turn(0, False),
        Special(2, False),
        Turn(1, True),
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


QWEN3 = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
    "{% set thought = m.reasoning_content if m.reasoning_content is string else '' %}"
    "{% if m.role == 'assistant' and (thought or loop.last) %}{{ '<think>\n' + thought.strip('\n') + '\n</think>\n\n' }}{% endif %}"
    "{{ m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
"""As Qwen 3's template writes thoughts: one before the last answer, an empty one where there is none, none before."""

R1 = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ 'U:' + m.content }}{% else %}"
    "{{ 'A:' + (m.content.split('</think>') | last) + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'A:<think>\n' }}{% endif %}"
)
"""As DeepSeek-R1's: thoughts are cut out of every answer, and each prompt opens one."""


def written(tokenizer, parts) -> str:
    """The parts as text, what is in the loss between brackets; # a turn, 想 the thought, ¦ where a new run begins."""
    text = ""
    for part in parts:
        if isinstance(part, Handover):
            text += "¦"
            continue
        if isinstance(part, Special):
            said = tokenizer.convert_ids_to_tokens(part.id)
        elif isinstance(part, Turn):
            said = f"#{part.number}"
        else:
            said = "想" if isinstance(part, Thought) else part.text
        text += f"[{said}]" if part.in_loss else said
    return text.replace("][", "")


@pytest.mark.parametrize(
    ("template", "thought", "expected"),
    [
        (
            QWEN3,
            "learn",
            "<|im_start|>user\n#0<|im_end|>\n<|im_start|>assistant\n[<think>\n想\n</think>\n\n#1<|im_end|>]\n",
        ),
        (
            QWEN3,
            "mask",
            "<|im_start|>user\n#0<|im_end|>\n<|im_start|>assistant\n<think>\n想\n</think>\n\n[#1<|im_end|>]\n",
        ),
        (QWEN3, None, "<|im_start|>user\n#0<|im_end|>\n<|im_start|>assistant\n[<think>\n\n</think>\n\n#1<|im_end|>]\n"),
        (R1, "learn", "U:#0A:<think>\n¦[想\n</think>\n\n#1<|im_end|>]"),
        (R1, "mask", "U:#0A:<think>\n¦想\n</think>\n\n[#1<|im_end|>]"),
        (R1, None, "U:#0A:<think>\n¦[\n</think>\n\n#1<|im_end|>]"),
    ],
)
def test_exactly_one_thought_stands_before_an_answer_of_a_base_that_thinks(load, template, thought, expected) -> None:
    tokenizer = load("chatml", template=template)
    assert written(tokenizer, ChatTemplate(tokenizer).parts(2, False, thought)) == expected


# As Qwen 3.5's that does not think: each prompt closes an empty thought, and an answer may have one all the same.
NO_THINK = QWEN3.replace("{% if enable_thinking is defined and enable_thinking is false %}", "{% if true %}")


@pytest.mark.parametrize(
    ("thought", "answer"),
    [
        ("learn", "[<think>\n想\n</think>\n\n#3<|im_end|>]\n"),
        ("mask", "<think>\n想\n</think>\n\n[#3<|im_end|>]\n"),
        (None, "<think>\n\n</think>\n\n[#3<|im_end|>]\n"),
    ],
)
def test_a_thought_is_learnt_from_its_opening_where_the_prompt_closes_an_empty_one(load, thought, answer) -> None:
    tokenizer = load("chatml", template=NO_THINK)
    text = written(tokenizer, ChatTemplate(tokenizer).parts(4, False, thought))
    assert text.endswith(f"#2<|im_end|>\n<|im_start|>assistant\n{answer}")


def test_a_thought_that_no_prompt_leads_to_is_one_line(load) -> None:
    tokenizer = load("chatml", template="{{ messages | length }}" + QWEN3)
    with pytest.raises(
        UserError, match=r"prompt is not what it writes before a thought.*reasoning=mask, reasoning=drop"
    ):
        ChatTemplate(tokenizer).parts(2, False, "learn")
    assert written(tokenizer, ChatTemplate(tokenizer).parts(2, False, "mask")).endswith("\n\n[#1<|im_end|>]\n")


def test_a_thought_stands_before_the_last_answer_alone(load) -> None:
    tokenizer = load("chatml", template=QWEN3)
    text = written(tokenizer, ChatTemplate(tokenizer).parts(4, False, "learn"))
    assert text.count("<think>") == 1
    assert "assistant\n[#1<|im_end|>]\n" in text
    assert text.endswith("assistant\n[<think>\n想\n</think>\n\n#3<|im_end|>]\n")


def test_a_template_that_knows_no_thoughts_gets_one_in_its_marks(load) -> None:
    tokenizer = load("plain")
    text = written(tokenizer, ChatTemplate(tokenizer).parts(2, False, "learn"))
    assert text == "<s>问：\n#0\n答：\n[<think>\n想\n</think>\n\n#1</s>]"


def test_a_template_that_takes_thoughts_out_and_opens_none_is_one_line(load) -> None:
    template = R1.replace("A:<think>\n", "A:")
    with pytest.raises(UserError, match="leaves out the thought before an answer: reasoning=drop"):
        ChatTemplate(load("chatml", template=template)).parts(2, False, "learn")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, "<|im_start|>system\n#0<|im_end|>\n<|im_start|>user\n#1<|im_end|>\n<|im_start|>assistant\n[#2<|im_end|>]\n"),
        ("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ m.content + eos_token }}{% endfor %}", "#0\n\n#1<|im_end|>[#2<|im_end|>]"),
        ("{% for m in messages %}{% if m.role != 'system' %}{{ m.content + eos_token }}{% endif %}{% endfor %}", "#0\n\n#1<|im_end|>[#2<|im_end|>]"),
    ],
    ids=["written", "refused", "passed over"],
)  # fmt: skip
def test_a_system_turn_is_context_above_the_first_question(load, template, expected) -> None:
    tokenizer = load("chatml", template=template) if template else load("chatml")
    assert written(tokenizer, ChatTemplate(tokenizer).parts(2, True)) == expected


MISTRAL = (
    "{% if messages[0].role == 'system' %}{% set system = messages[0].content %}{% set turns = messages[1:] %}"
    "{% else %}{% set turns = messages %}{% endif %}{% for m in turns %}{% if m.role == 'user' %}Q "
    "{% if loop.last and system is defined %}{{ system + '\n---\n' }}{% endif %}{{ m.content }} A"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
"""As Mistral v0.3's: the system's words stand before the last question, if no answer follows it yet."""


ALWAYS = MISTRAL.replace("loop.last", "loop.index0 == (turns | length - 1) // 2 * 2")


@pytest.mark.parametrize(
    ("template", "messages", "expected"),
    [
        (MISTRAL, 2, "Q #0\n---\n#1 A[ #2<|im_end|>]"),
        (MISTRAL, 4, "Q #1 A[ #2<|im_end|>]Q #0\n---\n#3 A[ #4<|im_end|>]"),
        (ALWAYS, 2, "Q #0\n---\n#1 A[ #2<|im_end|>]"),
        (ALWAYS, 4, "Q #1 A [#2<|im_end|>]Q #0\n---\n#3 A[ #4<|im_end|>]"),
    ],
)
def test_a_system_turn_stands_where_the_last_prompt_has_it(load, template, messages, expected) -> None:
    tokenizer = load("chatml", template=template)
    assert written(tokenizer, ChatTemplate(tokenizer).parts(messages, True)) == expected


@pytest.mark.parametrize("system", ["refused", "passed over"])
def test_a_default_system_turn_is_no_place_for_the_words_of_another(load, system) -> None:
    """Words that a template leaves out everywhere open the first question, in whatever it writes by itself."""
    refuse = "{{ raise_exception('no system') }}" if system == "refused" else ""
    template = (
        "You help.{% for m in messages %}{% if m.role == 'system' %}" + refuse + "{% else %}{{ m.content + eos_token }}"
        "{% endif %}{% endfor %}"
    )
    tokenizer = load("chatml", template=template)
    expected = "You help.#0\n\n#1<|im_end|>[#2<|im_end|>]#3<|im_end|>[#4<|im_end|>]"
    assert written(tokenizer, ChatTemplate(tokenizer).parts(4, True)) == expected


def test_a_system_turn_in_prompts_that_no_question_could_hold_is_one_line(load) -> None:
    behind = "{% for m in messages %}{% if m.role != 'system' %}{{ m.content + eos_token }}{% endif %}{% endfor %}"
    template = (
        behind + "{% if add_generation_prompt and messages[0].role == 'system' %}!{{ messages[0].content }}{% endif %}"
    )
    with pytest.raises(UserError, match="system's words into a prompt, and not before its answer"):
        ChatTemplate(load("chatml", template=template)).parts(2, True)


def test_a_system_turn_and_earlier_turns_keep_their_order(load) -> None:
    tokenizer = load("chatml")
    parts = ChatTemplate(tokenizer).parts(4, True, "mask")
    assert [(part.number, part.in_loss) for part in parts if isinstance(part, Turn)] == [
        (0, False), (1, False), (2, True), (3, False), (4, True),
    ]  # fmt: skip
