from hypnos.data.encode import Document, Encoder
from hypnos.corpus.records import Instruction
from hypnos.data.preview import mark_learnt


def test_learnt_words_stand_between_brackets(load) -> None:
    tokenizer = load("plain")
    record = Instruction("a", "那么成人呢？", "2 mg/kg", history=(("儿童？", "3 mg/kg"),))
    ((document,),) = Encoder(tokenizer, max_length=128).encode([record])
    assert mark_learnt(tokenizer, document) == (
        "<s>问：\n儿童？\n答：\n⟦3 mg/kg</s>⟧问：\n那么成人呢？\n答：\n⟦2 mg/kg</s>⟧"
    )


def test_a_document_of_which_nothing_is_learnt_has_no_brackets(load) -> None:
    assert mark_learnt(load("plain"), Document([1, 2], [False, False], 0, truncated=False)) == "<s></s>"
