import pytest

from hypnos.corpus.records import Instruction
from hypnos.data.encode import Document, Encoder
from hypnos.data.preview import mark_loss_tokens


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "<s> 问：\n儿童？\n答：\n⟦3 mg/kg</s>⟧ 问：\n那么成人呢？\n答：\n⟦2 mg/kg</s>⟧"),
        ("blanks", "<s> [INST] 儿童？ [/INST]⟦ 3 mg/kg </s>⟧<s> [INST] 那么成人呢？ [/INST]⟦ 2 mg/kg </s>⟧"),
        (
            "chatml",
            "<|im_start|>user\n儿童？<|im_end|>\n<|im_start|>assistant\n⟦3 mg/kg<|im_end|>⟧\n"
            "<|im_start|>user\n那么成人呢？<|im_end|>\n<|im_start|>assistant\n⟦2 mg/kg<|im_end|>⟧\n",
        ),
    ],
)
def test_learnt_words_stand_between_brackets(load, name: str, expected: str) -> None:
    tokenizer = load(name)
    record = Instruction("a", "那么成人呢？", "2 mg/kg", history=(("儿童？", "3 mg/kg"),))
    ((document,),) = Encoder(tokenizer, max_length=128).encode([record])
    assert mark_loss_tokens(tokenizer, document) == expected


def test_a_document_of_which_nothing_is_learnt_has_no_brackets(load) -> None:
    assert mark_loss_tokens(load("plain"), Document([1, 2], [False, False], 0, truncated=False)) == "<s></s>"
