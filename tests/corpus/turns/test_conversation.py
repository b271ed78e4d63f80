from collections import Counter

import pytest

from hypnos.corpus.records import Unusable
from hypnos.corpus.turns.conversation import Conversation, read_history, read_marked, read_messages

USER = {"role": "user", "content": "术前预防用什么抗生素？"}
SAID = {"role": "assistant", "content": "避开青霉素类，可用克林霉素。"}
SYSTEM = {"role": "system", "content": "病历：患者青霉素过敏。"}


def read(turns):
    left_out = Counter()
    return read_messages(turns, lambda what: left_out.update([what])), left_out


@pytest.mark.parametrize(
    ("above", "system"),
    [
        ([], ""),
        ([SYSTEM], SYSTEM["content"]),
        ([{"from": "system", "value": " 一 "}, {"role": "developer", "content": "二"}], "一\n二"),
        ([{"role": "system", "content": ""}], ""),
    ],
)
def test_system_turns_stand_above_the_conversation(above, system):
    said, left_out = read([*above, USER, SAID])
    assert said == Conversation(system, (), USER["content"], SAID["content"], "")
    assert not left_out


@pytest.mark.parametrize(
    ("turns", "line"),
    [
        ([USER, SAID, SYSTEM, USER, SAID], "message 3 is a system turn amid the conversation"),
        ([USER, {"role": "tool", "content": "3"}, SAID], "message 2 is a turn of a tool"),
        ([USER, {"from": "function_call", "value": "f()"}], "message 2 is a turn of a tool"),
        ([USER, {"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}], "message 2 is a turn of a tool"),
        ([USER, {**SAID, "content": "<think>想</think>"}], "a thought and no answer"),
        ([USER, {**SAID, "content": " \n", "reasoning_content": "想"}], "empty turn"),
        ([USER, {**SAID, "reasoning_content": ["想"]}], "reasoning_content must be text, not list"),
    ],
)
def test_what_cannot_be_learnt_says_its_message(turns, line):
    with pytest.raises(Unusable, match=line):
        read(turns)


@pytest.mark.parametrize(
    "turn", [{**SAID, "reasoning_content": "想"}, {**SAID, "content": "<think>\n想\n</think>\n\n" + SAID["content"]}]
)
def test_the_thought_of_the_last_answer_is_kept_and_that_of_earlier_ones_is_counted(turn):
    said, left_out = read([USER, turn, USER, turn])
    assert said.reasoning == "想"
    assert said.answer == SAID["content"]
    assert said.history == ((USER["content"], SAID["content"]),)
    assert left_out == {"thought of an earlier turn": 1}


def test_flags_and_fields_beside_a_turn_and_an_open_turn_are_counted():
    turns = [{**USER, "images": ["a.png"]}, {**SAID, "weight": 0, "loss": True, "train": False, "mask": None}, USER]
    said, left_out = read(turns)
    assert said.answer == SAID["content"]
    assert left_out == {
        "field images beside a turn": 1,
        "flag weight beside a turn": 1,
        "flag train beside a turn": 1,
        "last turn without an answer": 1,
    }


def test_an_empty_turn_of_a_history_is_counted():
    left_out = Counter()
    assert read_history([["甲", ""], ["子", "<think>想</think>丑"]], lambda what: left_out.update([what])) == (
        ("子", "丑"),
    )
    assert left_out == {"empty turn of the history": 1, "thought of an earlier turn": 1}


def test_marked_turns_are_a_conversation():
    assert read_marked(["问：甲", "答：乙"], lambda what: None) == Conversation("", (), "甲", "乙", "")
