import pytest

from hypnos.benchmark.answerers.text.served_thought import Beginning, beginning, whole_text
from hypnos.llm.requests import Answer, Request


def reply(text, *, finish="stop", reasoning=""):
    request = Request(id="a", messages=())
    fixed = {"model": "m", "attempts": 1, "reason": "", "cost": None, "tokens_in": 1, "tokens_out": 1}
    return Answer(request=request, value=text, text=text, finish=finish, reasoning=reasoning, **fixed)


@pytest.mark.parametrize(
    ("given", "asked", "whole"),
    [
        (reply("B"), True, "B"),
        (reply("<think>\n想\n</think>\n\nB"), True, "<think>\n想\n</think>\n\nB"),
        (reply("B", reasoning="想"), False, "<think>\n想\n</think>\n\nB"),
        (reply("", reasoning="想", finish="length"), False, "<think>\n想"),
        (reply("想\n</think>\n\nB"), False, "<think>\n想\n</think>\n\nB"),  # the template had opened it
        (reply("想", finish="length"), True, "<think>\n想"),
        (reply("想", finish="length"), False, "想"),  # nobody asked for a thought: it may be the answer
        (reply("## Thinking\n想", finish="length"), True, "## Thinking\n想"),
    ],
)
def test_a_thought_is_found_wherever_the_server_put_it(given, asked, whole):
    assert whole_text(given, asked=asked) == whole


def test_a_cut_thought_is_closed_and_a_cut_answer_goes_on():
    closed = "<think>\n想\n</think>\n\n"
    assert beginning("<think>\n想", cut=True) == Beginning(closed, closed, closed=True)
    assert beginning("<think>\n想", cut=False) == Beginning(closed, closed, closed=True)  # it gave up
    assert beginning("<think>\n想\ufffd", cut=True).text == closed
    assert beginning(f"{closed}B。因", cut=True) == Beginning(f"{closed}B。因", f"{closed}B。因", closed=False)
    assert beginning("<think>想</think>B", cut=True).sent == f"{closed}B"
    assert beginning(f"{closed}B", cut=False) is None
    assert beginning("长", cut=True) == Beginning("长", "长", closed=False)
