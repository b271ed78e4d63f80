"""Reading a base's tokenizer: exactly where its SentencePiece model says everything, as it is elsewhere."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

from hypnos.errors import UserError
from hypnos.vocabulary.byte_level.tokenizer import ByteLevelTokenizer
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer
from hypnos.vocabulary.tokenizer import read_kind, read_tokenizer

Folder = Callable[..., Path]


def test_a_bare_model_is_read_exactly(base_folder: Folder, base: pb.ModelProto, lines: list[str]) -> None:
    tokenizer, proto = read_tokenizer(base_folder())
    assert proto == base
    ids = tokenizer(lines, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.batch_decode(ids) == lines
    assert tokenizer.chat_template is None
    assert tokenizer.padding_side == "right" and tokenizer.pad_token is not None


@pytest.mark.parametrize("where", ["chat_template.jinja", "tokenizer_config.json"])
def test_a_template_beside_a_bare_model_is_kept(where: str, base_folder: Folder) -> None:
    folder = base_folder()
    content = "{{ x }}" if where.endswith("jinja") else json.dumps({"chat_template": "{{ x }}"})
    (folder / where).write_text(content, "utf-8")
    assert read_tokenizer(folder)[0].chat_template == "{{ x }}"


def test_a_tokenizer_with_tokens_of_its_own_is_read_as_it_is(base_folder: Folder, base: pb.ModelProto) -> None:
    folder = base_folder(1600)
    larger = build_tokenizer(base)
    larger.add_tokens(["<|im_start|>"])
    larger.save_pretrained(folder)
    tokenizer, proto = read_tokenizer(folder)
    assert proto is None
    assert len(tokenizer) == 1501
    assert tokenizer.convert_tokens_to_ids("<|im_start|>") == 1500


def test_a_model_that_cannot_be_converted_does_not_stand_in_the_way_of_its_fast_form(base_folder: Folder) -> None:
    """A unigram base keeps its own tokenizer under vocabulary=none."""
    folder = base_folder()
    proto = pb.ModelProto.FromString((folder / "tokenizer.model").read_bytes())
    read_tokenizer(folder)[0].save_pretrained(folder)
    proto.trainer_spec.model_type = pb.TrainerSpec.UNIGRAM
    (folder / "tokenizer.model").write_bytes(proto.SerializeToString())
    tokenizer, kept = read_tokenizer(folder)
    assert kept is None and len(tokenizer) == 1500
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"tokenizer\.model: only BPE models can be extended"):
        read_tokenizer(folder)


def test_equal_scores_are_warned_of(base_folder: Folder, base: pb.ModelProto, caplog: pytest.LogCaptureFixture) -> None:
    proto = pb.ModelProto()
    proto.CopyFrom(base)
    for piece in ("麻", "醉"):
        proto.pieces.add(piece=piece, score=0.5)
    with caplog.at_level(logging.WARNING):
        read_tokenizer(base_folder(1502, tokenizer_model=proto.SerializeToString()))
    assert "tokenizer.model: 2 pieces share a score" in caplog.text


def test_a_tokenizer_larger_than_its_model_names_both_numbers(base_folder: Folder) -> None:
    with pytest.raises(UserError, match="the tokenizer has 1500 pieces but the model only 1499 embedding rows"):
        read_tokenizer(base_folder(1499))
    assert len(read_tokenizer(base_folder(1536))[0]) == 1500  # rows beyond it are padding


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"readme": "nothing"}, r"no tokenizer here \(tokenizer\.model or tokenizer\.json\)"),
        ({"tokenizer_model": b"version https://git-lfs.github.com/spec/v1\n"}, "not a SentencePiece model"),
        ({"tokenizer_model": b""}, "not a SentencePiece model"),
        ({"tokenizer_json": ""}, r"the tokenizer cannot be read \(tokenizer\.json\)"),
        ({"tokenizer_json": "{"}, r"the tokenizer cannot be read \(tokenizer\.json\)"),
        ({"tokenizer_json": '{"a": 1}'}, r"the tokenizer cannot be read \(tokenizer\.json\)"),
        ({"tokenizer_json": "[]"}, r"the tokenizer cannot be read \(tokenizer\.json\)"),
    ],
)
def test_files_that_are_no_tokenizer(files: dict[str, bytes | str], message: str, base_folder: Folder) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_tokenizer(base_folder(**files))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_malformed_config_is_named(name: str, base_folder: Folder) -> None:
    folder = base_folder()
    (folder / name).write_text("{", "utf-8")
    with pytest.raises(UserError, match=f"{name}: not JSON"):
        read_tokenizer(folder)


def test_a_tokenizer_must_name_its_end(base_folder: Folder, base: pb.ModelProto) -> None:
    proto = pb.ModelProto()
    proto.CopyFrom(base)
    proto.trainer_spec.eos_id = -1
    with pytest.raises(UserError, match="no end-of-sequence token"):
        read_tokenizer(base_folder(tokenizer_model=proto.SerializeToString()))


def test_the_kind_is_what_the_tokenizer_is(base_folder: Folder, byte_level: Path) -> None:
    assert type(read_kind(byte_level)) is ByteLevelTokenizer
    for file in byte_level.glob("tokenizer*"):
        file.unlink()
    assert type(read_kind(base_folder())) is SentencePieceTokenizer


@pytest.fixture
def rebuilt(base_folder: Folder, texts: list[str]) -> Path:
    """A Qwen2 model whose tokenizer cuts text in its own way, and whose settings name Llama's class."""
    tokenizer = Tokenizer(models.BPE())
    own = pre_tokenizers.Split(Regex(r"[\u4e00-\u9fa5]+|\p{N}{1,3}"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([own, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1200,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|begin|>", "<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([f"{text} The patient was given 0.6 mg/kg." for text in texts], trainer)
    named = {"bos_token": "<|begin|>", "eos_token": "<|end|>", "tokenizer_class": "LlamaTokenizerFast"}
    folder = base_folder(tokenizer_json=tokenizer.to_str(), tokenizer_config_json=json.dumps(named))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "qwen2"}), "utf-8")
    return folder


def test_a_tokenizer_is_read_as_its_file_is_written(rebuilt: Path, texts: list[str], lines: list[str]) -> None:
    written = Tokenizer.from_file(str(rebuilt / "tokenizer.json"))
    everything = [*texts, *[f"{text} The patient was given 0.6 mg/kg." for text in texts], *lines]
    expected = [written.encode(text, add_special_tokens=False).ids for text in everything]
    # What made this test: transformers builds the rules of Qwen2's class.
    assert AutoTokenizer.from_pretrained(rebuilt)(everything, add_special_tokens=False)["input_ids"] != expected
    kind = read_kind(rebuilt)
    assert type(kind) is ByteLevelTokenizer and len(kind) == written.get_vocab_size()
    assert kind.tokenizer(everything, add_special_tokens=False)["input_ids"] == expected


def test_settings_that_add_a_piece_name_both_numbers(rebuilt: Path) -> None:
    file = rebuilt / "tokenizer_config.json"
    settings = json.loads(file.read_text("utf-8")) | {"pad_token": "<|pad|>"}
    file.write_text(json.dumps(settings), "utf-8")
    message = r"tokenizer\.json has 1200 pieces, but 1201 with the tokens that the settings .* name \(<\|pad\|>\)"
    with pytest.raises(UserError, match=message):
        read_kind(rebuilt)
