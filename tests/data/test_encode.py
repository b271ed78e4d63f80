import pytest
from tokenizers import AddedToken

from hypnos.corpus.records import Instruction, Text
from hypnos.data.encode import Document, Encoder, TooLong
from hypnos.errors import UserError

SHORT = Instruction("a", "什么是 MAC？", "最低肺泡有效浓度 (1.0 MAC)。")
MATERIAL = Instruction("b", "选一项", "答案：B", input="A. 丙泊酚\nB. 氯胺酮 0.5 mg/kg")
DIALOGUE = Instruction("c", "那么成人呢？", "2 mg/kg", history=(("儿童多少？", "3 mg/kg"), ("静脉？", "是的")))
LITERAL = Instruction("d", "</s> 与 <s>、<|im_end|> 何义？", "</s> 是 <|im_start|> 之后的记号</s>")
SPACED = Instruction("e", "  one  two\n\nthree ", "four   five\n 六")
BELOW = Instruction("f", "用什么抗生素？", "克林霉素。", history=(("可以吗？", "可以。"),), system="病历：青霉素过敏。")
THINKING = Instruction("g", "多少？", "2 mg/kg", reasoning="先想年龄，再想体重。")
RECORDS = [SHORT, MATERIAL, DIALOGUE, SPACED]
TOKENIZERS = ["plain", "chatml", "named"]
TAKING = ["behind", "before", "both"]


def one(encoder: Encoder, record) -> Document:
    ((document,),) = encoder.encode([record])
    return document


def loss_ids(document: Document) -> list[int]:
    return [token for token, in_loss in zip(document.input_ids, document.loss_mask, strict=True) if in_loss]


@pytest.mark.parametrize("name", [*TOKENIZERS, "blanks", "first", *TAKING])
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_the_prompt_and_the_whole_equal_what_transformers_makes_of_the_chat(load, name: str, record) -> None:
    tokenizer = load(name)
    document = one(Encoder(load(name), max_length=512), record)
    messages = record.messages()
    whole = tokenizer.apply_chat_template(messages, return_dict=False)
    prompt = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True, return_dict=False)
    assert document.input_ids == whole
    assert document.input_ids[: len(prompt)] == prompt
    assert document.loss_mask[len(prompt) - 1 : len(prompt) + 1] == [False, True]


def test_a_blank_is_put_before_running_text_and_not_behind_a_special_token(load) -> None:
    tokenizer = load("first")
    assert tokenizer.convert_ids_to_tokens(tokenizer("麻醉", add_special_tokens=False)["input_ids"])[0] == "▁"
    text = Text("a", "麻醉")
    assert one(Encoder(load("first"), max_length=512), text).input_ids[1:-1] == tokenizer("麻醉")["input_ids"]
    without = "{% for m in messages %}{{ m['content'] }}{{ eos_token }}{% endfor %}"
    document = one(Encoder(load("first", template=without), max_length=512), DIALOGUE)
    whole = load("first", template=without).apply_chat_template(DIALOGUE.messages(), return_dict=False)
    assert document.input_ids == whole and tokenizer.convert_ids_to_tokens(whole)[0].startswith("▁")


@pytest.mark.parametrize("name", TAKING)
def test_blanks_that_a_special_token_takes_are_neither_learnt_nor_counted(load, name: str) -> None:
    tokenizer = load(name)
    document = one(Encoder(tokenizer, max_length=512), Instruction("a", " 剂量？ ", "  2 mg/kg  "))
    learnt = "  2 mg/kg  "[2 * (name != "before") : 11 - 2 * (name != "behind")]
    assert tokenizer.decode(loss_ids(document)) == f"{learnt}<|end|>"
    assert document.characters == len(learnt)
    empty = one(Encoder(tokenizer, max_length=512), Instruction("a", "剂量？", "  "))
    assert tokenizer.decode(loss_ids(empty)) == "<|end|>" and empty.characters == 0


@pytest.mark.parametrize(("name", "end"), [("plain", "</s>"), ("chatml", "<|im_end|>"), ("named", "<|im_end|>")])
def test_every_answer_and_its_end_are_learnt_and_nothing_else(load, name: str, end: str) -> None:
    tokenizer = load(name)
    document = one(Encoder(tokenizer, max_length=512), DIALOGUE)
    assert tokenizer.decode(loss_ids(document)) == f"3 mg/kg{end}是的{end}2 mg/kg{end}"
    assert document.characters == len("3 mg/kg" + "是的" + "2 mg/kg")
    assert not document.truncated


def test_the_blanks_of_a_template_are_learnt_with_the_answer(load) -> None:
    tokenizer = load("blanks")
    document = one(Encoder(tokenizer, max_length=512), SHORT)
    assert tokenizer.decode(loss_ids(document)).strip(" ") == "最低肺泡有效浓度 (1.0 MAC)。 </s>"
    assert document.loss_mask[-1]


@pytest.mark.parametrize(("name", "specials"), [("plain", [1, 2]), ("chatml", [1, 2, 1, 2]), ("named", [1, 2, 1, 2])])
def test_special_tokens_in_a_users_text_stay_text(load, name: str, specials: list[int]) -> None:
    tokenizer = load(name)
    document = one(Encoder(tokenizer, max_length=512), LITERAL)
    assert [token for token in document.input_ids if token in (1, 2)] == specials
    decoded = tokenizer.decode(document.input_ids)
    assert LITERAL.question in decoded
    assert LITERAL.output in decoded
    assert document.characters == len(LITERAL.output)


def test_the_caller_may_go_on_using_its_tokenizer(load) -> None:
    tokenizer = load("plain")
    encoder = Encoder(tokenizer, max_length=256)
    before = one(encoder, LITERAL)
    # A call of a tokenizer decides anew whether its backend reads special tokens, and cuts.
    ids = tokenizer("<s>问</s>", add_special_tokens=False, truncation=True, max_length=3)["input_ids"]
    assert ids[0] == 1
    assert one(encoder, LITERAL) == before


@pytest.mark.parametrize(("name", "end"), [("plain", [2]), ("chatml", "<|im_end|>\n")])
def test_an_answer_that_does_not_fit_keeps_its_end_token(load, name: str, end) -> None:
    tokenizer = load(name)
    answer = " ".join(f"word{number}" for number in range(200))
    whole = one(Encoder(tokenizer, max_length=10_000), Instruction("a", "问", answer))
    document = one(Encoder(tokenizer, max_length=64), Instruction("a", "问", answer))
    tail = end if isinstance(end, list) else tokenizer(end, add_special_tokens=False)["input_ids"]
    assert len(document.input_ids) == len(document.loss_mask) == 64
    assert document.truncated
    assert document.input_ids[-len(tail) :] == tail
    kept = 64 - len(tail)
    assert document.input_ids[:kept] == whole.input_ids[:kept]
    assert document.loss_mask[:kept] == whole.loss_mask[:kept]
    assert document.loss_mask[kept]
    said = tokenizer.decode(loss_ids(document), skip_special_tokens=True)
    assert answer.startswith(said)
    assert document.characters == len(said)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_an_answer_is_never_cut_inside_a_character(load, name: str) -> None:
    tokenizer = load(name)
    answer = "罗库溴铵麻醉诱导气管插管顺阿曲库铵"
    record = Instruction("a", "q", answer)
    seen = set()
    for max_length in range(30, 60):
        ((document,),) = Encoder(tokenizer, max_length=max_length).encode([record])
        said = tokenizer.decode(loss_ids(document), skip_special_tokens=True)
        assert answer.startswith(said)
        assert document.characters == len(said) > 0
        assert len(document.input_ids) <= max_length
        seen.add(said)
    assert len(seen) > 5


def test_what_just_fits_is_not_cut(load) -> None:
    tokenizer = load("plain")
    whole = one(Encoder(tokenizer, max_length=512), SHORT)
    length = len(whole.input_ids)
    assert one(Encoder(tokenizer, max_length=length), SHORT) == whole
    assert one(Encoder(tokenizer, max_length=length - 1), SHORT).truncated


def test_a_conversation_loses_its_oldest_turns_before_its_answer(load) -> None:
    tokenizer = load("plain")
    last = Instruction("c", DIALOGUE.instruction, DIALOGUE.output, history=DIALOGUE.history[1:])
    whole, shorter = (one(Encoder(tokenizer, max_length=512), record) for record in (DIALOGUE, last))
    for max_length in (len(whole.input_ids) - 1, len(shorter.input_ids)):
        document = one(Encoder(tokenizer, max_length=max_length), DIALOGUE)
        assert document == Document(shorter.input_ids, shorter.loss_mask, shorter.characters, truncated=True)


@pytest.mark.parametrize("max_length", [200, 600, 1500])
def test_a_very_long_conversation_is_cut_as_a_short_one_and_not_turn_by_turn(load, monkeypatch, max_length) -> None:
    encoder, patient = (Encoder(load("plain"), max_length=length) for length in (max_length, 10**6))
    turns = tuple((f"第{i}问" * (i % 7 + 1), f"答{i}" * (i % 3 + 1)) for i in range(200))
    last = {k: Instruction("c", "多少？", "2 mg/kg", history=turns[200 - k :]) for k in (*range(1, 40), 200)}
    fitting = [whole for k in range(1, 40) if len((whole := one(patient, last[k])).input_ids) <= max_length]
    assert 1 < len(fitting) < 39
    layouts = []
    lay = encoder._layout
    monkeypatch.setattr(encoder, "_layout", lambda record: layouts.append(record) or lay(record))
    got = one(encoder, last[200])
    whole = fitting[-1]
    assert got == Document(whole.input_ids, whole.loss_mask, whole.characters, truncated=True)
    assert len(layouts) < 20


def test_a_conversation_that_does_not_fit_without_its_history_loses_the_end_of_its_answer(load) -> None:
    tokenizer = load("plain")
    record = Instruction("c", "q", "x y z " * 50, history=(("a", "b"),) * 3)
    document = one(Encoder(tokenizer, max_length=48), record)
    assert document == one(Encoder(tokenizer, max_length=48), Instruction("c", "q", "x y z " * 50))


def test_a_prompt_without_room_for_an_answer_gives_no_document(load) -> None:
    (result,) = Encoder(load("plain"), max_length=20).encode([Instruction("a", "问" * 50, "答")])
    assert isinstance(result, TooLong)
    assert "no room for an answer" in result.reason


def test_a_batch_equals_its_records_one_by_one(load) -> None:
    encoder = Encoder(load("plain"), max_length=64)
    batch = [*RECORDS, Text("t", "麻醉" * 40), Instruction("x", "问" * 50, "答")]
    assert list(encoder.encode(batch)) == [next(encoder.encode([record])) for record in batch]


@pytest.mark.parametrize("length", [1, 13, 14, 15, 28, 29, 100])
def test_running_text_is_cut_into_parts_that_hold_every_token_once(load, length: int) -> None:
    tokenizer = load("plain")
    text = "abc " * length
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    (documents,) = Encoder(tokenizer, max_length=16).encode([Text("t", text)])
    assert all(document.input_ids[0] == 1 for document in documents)
    assert [token for document in documents for token in document.input_ids[1:]] == [*tokens, 2]
    assert all(document.loss_mask == [False] + [True] * (len(document.input_ids) - 1) for document in documents)
    sizes = [len(document.input_ids) for document in documents]
    assert max(sizes) <= 16
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == -(-(len(tokens) + 1) // 15)
    assert sum(document.characters for document in documents) == len(text)


def test_running_text_without_bos_learns_all_but_its_first_token(load) -> None:
    tokenizer = load("chatml")
    (documents,) = Encoder(tokenizer, max_length=8).encode([Text("t", "abcdefgh" * 4)])
    assert len(documents) > 1
    assert all(document.loss_mask == [False] + [True] * (len(document.input_ids) - 1) for document in documents)
    assert tokenizer.decode([t for d in documents for t in d.input_ids]) == "abcdefgh" * 4 + "<|im_end|>"
    learnt = [tokenizer.decode(loss_ids(document)).removesuffix("<|im_end|>") for document in documents]
    assert [document.characters for document in documents] == [len(text) for text in learnt]


def test_a_length_without_room_is_refused(load) -> None:
    with pytest.raises(UserError, match="max_length 7 leaves no room"):
        Encoder(load("plain"), max_length=7)


@pytest.mark.parametrize(("name", "end"), [("plain", "</s>"), ("chatml", "<|im_end|>"), ("named", "<|im_end|>")])
def test_a_system_turn_is_written_as_transformers_writes_it_and_is_not_learnt(load, name: str, end: str) -> None:
    tokenizer = load(name)
    document = one(Encoder(load(name), max_length=512), BELOW)
    assert document.input_ids == tokenizer.apply_chat_template(BELOW.messages(), return_dict=False)
    assert tokenizer.decode(loss_ids(document)) == f"可以。{end}克林霉素。{end}"


def test_a_system_turn_stays_where_the_oldest_turns_go(load) -> None:
    tokenizer = load("chatml")
    without = Instruction("f", BELOW.instruction, BELOW.output, system=BELOW.system)
    shorter = one(Encoder(tokenizer, max_length=512), without)
    document = one(Encoder(tokenizer, max_length=len(shorter.input_ids)), BELOW)
    assert document == Document(shorter.input_ids, shorter.loss_mask, shorter.characters, truncated=True)


@pytest.mark.parametrize(
    ("reasoning", "learnt", "whole"),
    [
        ("learn", "<think>\n先想年龄，再想体重。\n</think>\n\n2 mg/kg</s>", True),
        ("mask", "2 mg/kg</s>", True),
        ("drop", "2 mg/kg</s>", False),
    ],
)
def test_a_thought_is_learnt_masked_or_dropped(load, reasoning, learnt, whole) -> None:
    tokenizer = load("plain")
    document = one(Encoder(tokenizer, max_length=512, reasoning=reasoning), THINKING)
    assert tokenizer.decode(loss_ids(document)) == learnt
    assert ("先想年龄" in tokenizer.decode(document.input_ids)) is whole
    assert document.characters == len(learnt.removesuffix("</s>"))


OPENS = (
    "{% for m in messages %}<|im_start|>{{ m.role + '\n' }}{% if m.role == 'assistant' and loop.last %}<think>\n"
    "{{ '\n' }}{{ m.reasoning_content }}{{ '\n' }}</think>\n\n{% endif %}{{ m.content }}<|im_end|>{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
"""As Qwen 3.5's template: each prompt opens a thought, and earlier answers have none."""


@pytest.fixture(params=[OPENS, OPENS.replace(" and loop.last", "")], ids=["last alone", "every answer"])
def thinker(load, request):
    """A tokenizer to which two line ends are one token, as to Qwen's, and whose prompts open a thought."""

    def read():
        tokenizer = load("chatml", template=request.param)
        tokenizer.add_tokens([AddedToken(word, normalized=False) for word in ("\n\n", "<think>", "</think>")])
        return tokenizer

    return read


@pytest.mark.parametrize("reasoning", ["learn", "mask", "drop"])
@pytest.mark.parametrize("record", [SHORT, DIALOGUE, THINKING], ids=lambda record: record.id)
def test_a_prompt_that_opens_a_thought_keeps_its_tokens_whatever_follows(thinker, record, reasoning) -> None:
    tokenizer = thinker()
    prompt = tokenizer.apply_chat_template(record.messages()[:-1], add_generation_prompt=True, return_dict=False)
    assert tokenizer.convert_ids_to_tokens(prompt)[-2:] == ["<think>", "Ċ"]
    document = one(Encoder(thinker(), max_length=512, reasoning=reasoning), record)
    assert document.input_ids[: len(prompt)] == prompt
    thought = bool(record.reasoning) and reasoning != "drop"
    behind = tokenizer.decode(document.input_ids[len(prompt) :])
    assert behind == f"\n{record.reasoning if thought else ''}\n</think>\n\n{record.output}<|im_end|>\n"
    masked = thought and reasoning == "mask"
    learnt = tokenizer.decode(
        [i for i, m in list(zip(document.input_ids, document.loss_mask, strict=True))[len(prompt) :] if m]
    )
    assert learnt == (f"{record.output}<|im_end|>" if masked else behind.removesuffix("\n"))


def test_dropped_thoughts_leave_the_record_as_if_it_had_none(load) -> None:
    plain = Instruction("g", THINKING.instruction, THINKING.output)
    for reasoning in ("learn", "mask", "drop"):
        encoder = Encoder(load("chatml"), max_length=64, reasoning=reasoning)
        assert one(encoder, plain) == one(Encoder(load("chatml"), max_length=64), plain)
    assert one(Encoder(load("chatml"), max_length=64, reasoning="drop"), THINKING) == one(encoder, plain)


@pytest.mark.parametrize("reasoning", ["learn", "mask"])
def test_an_answer_after_a_thought_loses_its_end_and_never_the_thought(load, reasoning) -> None:
    tokenizer = load("plain")
    answer = " ".join(f"word{number}" for number in range(100))
    record = Instruction("g", "问", answer, reasoning="先想。")
    document = one(Encoder(tokenizer, max_length=80, reasoning=reasoning), record)
    text = tokenizer.decode(document.input_ids)
    assert len(document.input_ids) == 80 and document.truncated
    assert "<think>\n先想。\n</think>\n\nword0" in text and text.endswith("</s>")
    said = tokenizer.decode(loss_ids(document), skip_special_tokens=True)
    assert document.characters == len(said)


def test_a_thought_that_leaves_no_room_for_its_answer_gives_no_document(load) -> None:
    record = Instruction("g", "问", "答", reasoning="想" * 200)
    (result,) = Encoder(load("plain"), max_length=64).encode([record])
    assert "the prompt and the thought have" in result.reason and "no room for an answer" in result.reason
    assert isinstance(next(Encoder(load("plain"), max_length=64, reasoning="drop").encode([record])), list)
