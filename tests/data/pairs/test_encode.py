import pytest
from transformers import PreTrainedTokenizerFast

from hypnos.corpus.records import Instruction
from hypnos.data.encode import Encoder, TooLong
from hypnos.data.pairs.encode import encode_pairs
from hypnos.data.pairs.preference import Preference

LONG = "使骨骼肌松弛的药物。" * 8


@pytest.fixture
def encode(tokenizer_folders):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folders["plain"])

    def run(max_length: int, chosen: str, rejected: str, history=(), question: str = "什么是肌松药？"):
        pair = Preference(
            chosen=Instruction("a", question, chosen, history=history),
            rejected=Instruction("a", question, rejected, history=history),
        )
        (result,) = encode_pairs(Encoder(tokenizer, max_length=max_length), [pair])
        return result, tokenizer

    return run


def prompt_of(document) -> list[int]:
    return document.input_ids[: document.loss_mask.index(True)]


def test_both_documents_differ_in_the_answer_alone(encode):
    (chosen, rejected), tokenizer = encode(400, "使骨骼肌松弛的药物。", "一种药。")
    assert prompt_of(chosen) == prompt_of(rejected)
    for document, answer in ((chosen, "使骨骼肌松弛的药物。"), (rejected, "一种药。")):
        said = [token for token, learnt in zip(document.input_ids, document.loss_mask, strict=True) if learnt]
        assert tokenizer.decode(said, skip_special_tokens=True).strip() == answer
        assert said[-1] == tokenizer.eos_token_id
        assert not document.truncated


def test_a_long_answer_is_cut_where_the_other_would_be(encode):
    (chosen, rejected), tokenizer = encode(120, LONG, LONG + "还有更多。")
    assert len(chosen.input_ids) == len(rejected.input_ids) <= 120
    assert chosen.input_ids == rejected.input_ids, "they begin alike, and are cut at one place"
    assert chosen.truncated and rejected.truncated
    assert chosen.input_ids[-1] == tokenizer.eos_token_id


def test_both_lose_the_same_oldest_turns_though_one_answer_is_short(encode):
    history = tuple((f"第{number}问，说来话长", f"第{number}答，也不短") for number in range(6))

    def turns(document, tokenizer) -> list[str]:
        return [f"第{number}问" for number in range(6) if f"第{number}问" in tokenizer.decode(document.input_ids)]

    (chosen, rejected), tokenizer = encode(520, LONG, "短。", history)
    (alone, _), _ = encode(520, "短。", "短", history)
    kept = turns(chosen, tokenizer)
    assert kept == turns(rejected, tokenizer) and kept[-1] == "第5问"
    assert 0 < len(kept) < len(turns(alone, tokenizer)), "with two short answers more turns fit"
    assert chosen.truncated and rejected.truncated


def test_a_prompt_that_fills_everything_gives_no_pair(encode):
    result, _ = encode(40, "好。", "一种药。", question=LONG * 4)
    assert isinstance(result, TooLong)
