"""The fast tokenizer against SentencePiece: equal ids, exact round trip, alone and after reading from disk."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import AutoTokenizer, LlamaConfig, PreTrainedTokenizerFast

from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer


def differing(
    tokenizer: PreTrainedTokenizerFast, processor: spm.SentencePieceProcessor, lines: Sequence[str]
) -> list[str]:
    ids = tokenizer(list(lines), add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return [line for line, a, b in zip(lines, ids, processor.encode(list(lines)), strict=True) if a != b]


def test_ids_equal_sentencepiece(
    tokenizer: PreTrainedTokenizerFast, processor: spm.SentencePieceProcessor, lines: list[str], texts: list[str]
) -> None:
    assert differing(tokenizer, processor, lines) == []
    assert differing(tokenizer, processor, texts) == []


def test_round_trip_is_exact(tokenizer: PreTrainedTokenizerFast, lines: list[str], texts: list[str]) -> None:
    everything = [*lines, *texts]
    ids = tokenizer(everything, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    back = tokenizer.batch_decode(ids)
    assert [(line, got) for line, got in zip(everything, back, strict=True) if line != got] == []


def test_the_sign_for_a_space_reads_as_sentencepiece_reads_it(
    tokenizer: PreTrainedTokenizerFast, processor: spm.SentencePieceProcessor
) -> None:
    # It comes back as a space from either: the one text that makes no round trip.
    line = "a▁b ▁ c"
    assert differing(tokenizer, processor, [line]) == []
    assert tokenizer.decode(tokenizer(line)["input_ids"]) == processor.decode(processor.encode(line)) == "a b   c"


def test_the_base_alone_is_converted_exactly(base: pb.ModelProto, lines: list[str]) -> None:
    processor = spm.SentencePieceProcessor(model_proto=base.SerializeToString())
    assert differing(build_tokenizer(base), processor, lines) == []


def test_special_tokens_in_text_stay_text(tokenizer: PreTrainedTokenizerFast) -> None:
    text = "<s>写在正文里</s>"
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert not {tokenizer.bos_token_id, tokenizer.eos_token_id} & set(ids)
    assert tokenizer.decode(ids, skip_special_tokens=True) == text
    # In a template they are themselves.
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id


def test_special_tokens_and_padding(tokenizer: PreTrainedTokenizerFast, extended: pb.ModelProto) -> None:
    assert (tokenizer.unk_token, tokenizer.bos_token, tokenizer.eos_token) == ("<unk>", "<s>", "</s>")
    assert (tokenizer.unk_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)
    assert tokenizer.pad_token_id == 0 and tokenizer.padding_side == "right"
    assert len(tokenizer) == len(extended.pieces)
    assert tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))) == [p.piece for p in extended.pieces]


def test_a_merge_with_two_ways_follows_the_scores(proto_of: Callable[..., pb.ModelProto]) -> None:
    # 甲乙丙 from 甲乙 + 丙 or from 甲 + 乙丙: the better pair decides, whatever the ids.
    for scores in ([-9, -1, -2, -3, -5, -4, -6], [-9, -1, -2, -3, -4, -5, -6]):
        proto = proto_of(["▁", "甲", "乙", "丙", "甲乙", "乙丙", "甲乙丙"], scores)
        processor = spm.SentencePieceProcessor(model_proto=proto.SerializeToString())
        lines = ["甲乙丙", "甲乙乙丙", "乙丙甲乙丙", "甲甲乙丙丙", "甲乙 乙丙"]
        assert differing(build_tokenizer(proto), processor, lines) == []


def test_a_base_without_a_leading_space(proto_of: Callable[..., pb.ModelProto]) -> None:
    proto = proto_of(["▁", "a", "▁a", "麻", "醉", "麻醉"])
    proto.normalizer_spec.add_dummy_prefix = False
    processor = spm.SentencePieceProcessor(model_proto=proto.SerializeToString())
    tokenizer = build_tokenizer(proto)
    lines = ["a", " a", "麻醉 a", "  麻醉"]
    assert differing(tokenizer, processor, lines) == []
    assert [tokenizer.decode(tokenizer(line)["input_ids"]) for line in lines] == lines


def test_runs_of_spaces_with_one_score(proto_of: Callable[..., pb.ModelProto]) -> None:
    """Llama scores its runs of 2 to 16 spaces -1e9, all of them, in this order."""
    runs = ["▁" * n for n in (2, 4, 8, 5, 16, 6, 12, 13, 10, 14, 3, 9, 7, 11, 15)]
    proto = proto_of(["▁a", "a", "▁", *runs], [-1, -2, *[-1e9] * 16])
    processor = spm.SentencePieceProcessor(model_proto=proto.SerializeToString())
    assert differing(build_tokenizer(proto), processor, [" " * n + "a" + " " * n for n in range(70)]) == []


@pytest.mark.parametrize("beside_a_model", [False, True])
def test_plain_transformers_reads_the_written_directory_alike(
    beside_a_model: bool,
    tmp_path: Path,
    tokenizer: PreTrainedTokenizerFast,
    extended: pb.ModelProto,
    processor: spm.SentencePieceProcessor,
    lines: list[str],
) -> None:
    SentencePieceTokenizer(tokenizer, extended).write(tmp_path, template="{{ messages }}")
    if beside_a_model:  # a config of type llama must not draw in the class that rebuilds the pipeline
        LlamaConfig(vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert differing(again, processor, lines) == []
    everything = again(lines, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert again.batch_decode(everything) == lines
    assert again.chat_template == "{{ messages }}"
    assert again.padding_side == "right" and again.pad_token_id == 0
    oracle = spm.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    assert oracle.encode(lines) == processor.encode(lines)
