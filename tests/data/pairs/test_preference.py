import pytest

from hypnos.corpus.records import Unusable
from hypnos.corpus.shapes import to_records
from hypnos.data.pairs.preference import Preference, read_margin, to_preference


def read(row) -> Preference:
    return to_preference(row, source="set", scale=(0, 10))


GOOD = {"instruction": "什么是肌松药？", "chosen": "使骨骼肌松弛的药物。", "rejected": "一种药。"}
TURNS = [{"role": "user", "content": "什么是肌松药？"}]
FORMS = {
    "texts": GOOD,
    "prompt": {"prompt": "什么是肌松药？", "chosen": "使骨骼肌松弛的药物。", "rejected": "一种药。"},
    "messages in each side": {
        "chosen": [*TURNS, {"role": "assistant", "content": "使骨骼肌松弛的药物。"}],
        "rejected": [*TURNS, {"role": "assistant", "content": "一种药。"}],
    },
    "a prompt of messages": {
        "prompt": TURNS,
        "chosen": [{"role": "assistant", "content": "使骨骼肌松弛的药物。"}],
        "rejected": [{"role": "assistant", "content": "一种药。"}],
    },
    "conversations and one turn a side": {
        "conversations": [{"from": "human", "value": "什么是肌松药？"}],
        "chosen": {"from": "gpt", "value": "使骨骼肌松弛的药物。"},
        "rejected": {"from": "gpt", "value": "一种药。"},
    },
    "two scored answers": {
        "question": "什么是肌松药？",
        **{"answer_a": "一种药。", "answer_b": "使骨骼肌松弛的药物。", "score_a": 3, "score_b": 8.5},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_pair(form):
    pair = read(FORMS[form])
    assert (pair.chosen.question, pair.rejected.question) == ("什么是肌松药？",) * 2
    assert (pair.chosen.output, pair.rejected.output) == ("使骨骼肌松弛的药物。", "一种药。")
    assert pair.margin == (5.5 if "scored" in form else None)
    assert pair.group == pair.rejected.group and pair.id


@pytest.mark.parametrize(
    "asked",
    [
        {"instruction": "什么是肌松药？"},
        {"instruction": "根据病历回答。", "input": "病历：哮喘。"},
        {"instruction": "举例", "history": [["什么是肌松药？", "一类药。"], ["有几种？", "两种。"]]},
        {"instruction": "举例", "system": "你是麻醉医生。", "history": [["什么是肌松药？", "一类药。"]]},
    ],
)
def test_a_pair_is_held_out_with_the_record_of_its_conversation(asked):
    (record,) = to_records(asked | {"output": "罗库溴铵"}, source="set")
    pair = read(asked | {"chosen": "罗库溴铵", "rejected": "不知道"})
    assert pair.group == record.group == pair.rejected.group
    assert pair.chosen.messages() == record.messages()


def test_pairs_have_ids_of_their_own():
    base = {"instruction": "根据病历回答。", "chosen": "可以。", "rejected": "不可以。"}
    others = [{}, {"input": "病历：哮喘。"}, {"input": "病历：糖尿病。"}, {"rejected": "不知道。"}, {"chosen": "好。"}]
    pairs = [read(base | other) for other in others]
    assert len({pair.id for pair in pairs}) == 5
    assert all(pair.chosen.id == pair.rejected.id for pair in pairs)


def test_history_stands_before_both_answers():
    before = [*TURNS, {"role": "assistant", "content": "一类药。"}, {"role": "user", "content": "举例"}]
    sides = [[*before, {"role": "assistant", "content": text}] for text in ("罗库溴铵", "不知道")]
    pair = read({"chosen": sides[0], "rejected": sides[1]})
    assert pair.chosen.history == pair.rejected.history == (("什么是肌松药？", "一类药。"),)
    assert pair.chosen.question == "举例"


def test_system_turns_earlier_turns_and_thoughts_are_kept():
    row = {
        **GOOD,
        "system": "你是麻醉医生。",
        "history": [["你好", "您好"]],
        "chosen": "<think>想</think>使骨骼肌松弛的药物。",
    }
    pair = read(row)
    assert pair.chosen.system == pair.rejected.system == "你是麻醉医生。"
    assert pair.chosen.history == (("你好", "您好"),)
    assert (pair.chosen.reasoning, pair.chosen.output, pair.rejected.reasoning) == ("想", "使骨骼肌松弛的药物。", "")


def test_ids_groups_and_marks_are_kept():
    pair = read({**GOOD, "id": 7, "group": "g", "egress": "local", "margin": 2})
    assert (pair.chosen.id, pair.group, pair.rejected.egress, pair.margin) == ("7", "g", "local", 2.0)


BAD = {
    "a pair needs chosen and rejected: no rejected": {"instruction": "问", "chosen": "答"},
    "chosen and rejected are the same text": {**GOOD, "rejected": " 使骨骼肌松弛的药物。\n"},
    "empty turn": {**GOOD, "rejected": "\u3000"},
    "score_a 11 lies outside the scale from 0 to 10": {**FORMS["two scored answers"], "score_a": 11},
    "score_b must be a number, not '8'": {**FORMS["two scored answers"], "score_b": "8"},
    "two scored answers need score_b": {"question": "问", "answer_a": "甲", "answer_b": "乙", "score_a": 3},
    "chosen and rejected answer different conversations": {
        "chosen": FORMS["messages in each side"]["chosen"],
        "rejected": [{"role": "user", "content": "别的？"}, {"role": "assistant", "content": "一种药。"}],
    },
    "message 1 is by 'assistant'; user and assistant must take turns": {"chosen": "答", "rejected": "错"},
    "chosen must be text or messages, not int": {**GOOD, "chosen": 3},
    "message 1 is a turn of a tool, which cannot be trained on": {
        **FORMS["a prompt of messages"],
        "prompt": [{"role": "tool", "content": "x"}],
    },
    "a pair must be an object, not list": [],
}


@pytest.mark.parametrize("reason", BAD)
def test_what_is_no_pair_is_refused_with_its_reason(reason):
    with pytest.raises(Unusable, match=f"^{reason}$"):
        read(BAD[reason])


def test_the_margin_is_read_from_scores_or_as_it_is_stated():
    assert read_margin({"Score_Chosen": 9, "score_rejected": 4}) == 5
    assert read_margin({"score_a": 4, "score_b": 9}) == 5
    assert read_margin({"margin": 0.5}) == 0.5
    assert read_margin(GOOD) is None
    assert read_margin({"score_a": "4", "score_b": 9}) is None
