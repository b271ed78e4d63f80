"""Reading a base's tokenizer: exactly where its SentencePiece model says everything, as it is elsewhere."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2 as pb

from hypnos.errors import UserError
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.tokenizer import read_tokenizer

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
