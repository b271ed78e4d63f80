import pytest

from hypnos.benchmark.answerers.text.template_switch import switch_values
from hypnos.errors import UserError


class Template:
    """A tokenizer of which nothing but the chat template is asked."""

    name_or_path = "here"

    def __init__(self, text):
        self.chat_template = text

    def apply_chat_template(self, turns, **values):
        from jinja2 import Template as Jinja

        return Jinja(self.chat_template).render(messages=turns, **values)


@pytest.mark.parametrize(
    ("template", "mode", "values"),
    [
        ("{% if enable_thinking is false %}<think></think>{% endif %}", "off", {"enable_thinking": False}),
        ("{% if thinking %}<think>{% else %}</think>{% endif %}", "on", {"thinking": True}),
        ("{% if thinking_mode == 'on' %}<think>{% endif %}", "off", {"thinking_mode": "off"}),
        ("x<think>\n", "on", {}),
        ("plain", "as_is", {}),
    ],
)
def test_the_switch_of_a_template_is_found(template, mode, values):
    assert switch_values(Template(template), mode, name="m") == values


@pytest.mark.parametrize(
    ("template", "mode", "words"),
    [
        ("plain", "on", "the chat template has no switch"),
        ("x<think>\n", "off", "the chat template has no switch"),
        ("{# enable_thinking does nothing #}x", "on", "the chat template has no switch"),
        (None, "off", "a plain form has no switch"),
        ("{{ raise() }} enable_thinking", "on", "here: the chat template fails"),
    ],
)
def test_a_switch_that_is_not_there_is_one_line(template, mode, words):
    with pytest.raises(UserError, match=words):
        switch_values(template and Template(template), mode, name="m")
