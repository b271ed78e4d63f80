"""vocabulary=none: the base's tokenizer as it is; and rows for a tokenizer, whoever wrote it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import AddedToken
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma3Config

from hypnos.errors import UserError
from hypnos.vocabulary.base_vocabulary import OwnVocabulary
from hypnos.vocabulary.sentencepiece.tokenizer import SentencePieceTokenizer
from hypnos.vocabulary.tokenizer import read_kind

Folder = Callable[..., Path]


def test_a_byte_level_tokenizer_stays_as_it_is(byte_level: Path, tmp_path: Path, lines: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    OwnVocabulary(template="{{ x }}").write_tokenizer(str(byte_level), out)
    before, after = AutoTokenizer.from_pretrained(byte_level), AutoTokenizer.from_pretrained(out)
    assert after.get_vocab() == before.get_vocab()
    assert after(lines)["input_ids"] == before(lines)["input_ids"]
    assert after.batch_decode(after(lines)["input_ids"]) == lines
    assert after.chat_template == "{{ x }}"
    assert after.eos_token == after.pad_token == "<|im_end|>" and after.padding_side == "right"
    assert not (out / "tokenizer.model").exists()


def test_a_byte_level_base_keeps_its_rows(byte_level: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    vocabulary = OwnVocabulary(template="{{ x }}")
    vocabulary.write_tokenizer(str(byte_level), out)
    model = vocabulary.read_base(str(byte_level), out, dtype="float32", seed=0)
    assert model.config.vocab_size == 1000  # more rows than the 900 pieces: padding, as the base has it
    end = AutoTokenizer.from_pretrained(out).eos_token_id
    assert model.config.eos_token_id == model.generation_config.eos_token_id == end


def test_a_llama_like_base_keeps_its_vocabulary(base_folder: Folder, tmp_path: Path) -> None:
    vocabulary = OwnVocabulary(template="{{ x }}")
    out = tmp_path / "out"
    out.mkdir()
    vocabulary.write_tokenizer(str(base_folder()), out)
    assert (out / "tokenizer.model").is_file()
    model = vocabulary.read_base(str(base_folder()), out, dtype="float32", seed=0)
    assert model.config.vocab_size == len(AutoTokenizer.from_pretrained(out)) == 1500


def test_without_a_template_the_base_must_have_one(base_folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no chat template of its own"):
        OwnVocabulary().write_tokenizer(str(base_folder()), tmp_path)


@pytest.mark.parametrize("where", ["in files", "in the settings"])
def test_of_several_templates_the_default_is_kept_alone(where, byte_level: Path, tmp_path: Path) -> None:
    default = "{{ strftime_now('%Y') }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}"
    base = AutoTokenizer.from_pretrained(byte_level)
    base.chat_template = {"default": default, "tool_use": "tools"}
    base.save_pretrained(byte_level, save_jinja_files=where == "in files")
    assert (byte_level / "additional_chat_templates").is_dir() is (where == "in files")
    out, model = tmp_path / "out", tmp_path / "model"
    out.mkdir()
    vocabulary = OwnVocabulary()
    vocabulary.write_tokenizer(str(byte_level), out)
    vocabulary.write_base(str(byte_level), out, model, dtype="float32", seed=0)
    for folder in (out, model):
        kept = AutoTokenizer.from_pretrained(folder).chat_template
        assert kept == default.replace("strftime_now('%Y')", '"2024"')


def test_several_templates_without_a_default_are_none(byte_level: Path, tmp_path: Path) -> None:
    base = AutoTokenizer.from_pretrained(byte_level)
    base.chat_template = {"rag": "documents", "tool_use": "tools"}
    base.save_pretrained(byte_level)
    with pytest.raises(UserError, match="the base has no chat template of its own to keep"):
        OwnVocabulary().write_tokenizer(str(byte_level), tmp_path)


@pytest.mark.parametrize("tied", [True, False])
def test_lengths_agree_wherever_they_are_kept(
    tied: bool, base_folder: Folder, tmp_path: Path, extended_kind: SentencePieceTokenizer
) -> None:
    tokens, out = tmp_path / "tokens", tmp_path / "out"
    tokens.mkdir()
    extended_kind.write(tokens, template="{{ x }}")
    base = str(base_folder(tied=tied))
    vocabulary = OwnVocabulary()
    vocabulary.write_base(base, tokens, out, dtype="float32", seed=0)
    model, read = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    assert len(read) == len(embedding) == len(head) == model.config.vocab_size == 4500
    assert (embedding is head) == tied == model.config.tie_word_embeddings
    # One row by hand: the first new piece, spelled by bytes in an English base.
    piece = extended_kind.proto.pieces[1500].piece
    old = vocabulary.plain().read_base(base, tokens, dtype="float32", seed=0)
    bytes_ = read.convert_tokens_to_ids([f"<0x{byte:02X}>" for byte in piece.encode()])
    torch.testing.assert_close(embedding[1500], old.get_input_embeddings().weight[bytes_].mean(0))
    torch.testing.assert_close(head[1500], old.get_output_embeddings().weight[bytes_].mean(0))
    # Padded rows: the model may be larger than the tokenizer, not smaller.
    vocabulary.pad_to_multiple_of = 64
    padded = vocabulary.read_base(base, tokens, dtype="float32", seed=0)
    assert padded.config.vocab_size == len(padded.get_input_embeddings().weight) == 4544
    assert len(padded.get_output_embeddings().weight) == 4544


def test_special_tokens_are_named_in_both_configs(
    base_folder: Folder, tmp_path: Path, extended_kind: SentencePieceTokenizer
) -> None:
    extended_kind.write(tmp_path, template="{{ x }}")
    model = OwnVocabulary().read_base(str(base_folder()), tmp_path, dtype="float32", seed=0)
    for config in (model.config, model.generation_config):
        assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 0)


def test_an_added_token_that_ends_an_answer_ends_generation(base_folder: Folder, tmp_path: Path) -> None:
    """Llama 3: `<|eot_id|>` has no role, and stands among the added tokens alone."""
    read_kind(base_folder()).write(tmp_path, template="{{ x }}")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.add_tokens([AddedToken("<|eot_id|>", special=True)])
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}\n{{ m['content'] }}<|eot_id|>{% endfor %}"
    tokenizer.save_pretrained(tmp_path)
    assert "<|eot_id|>" not in AutoTokenizer.from_pretrained(tmp_path).all_special_tokens
    model = OwnVocabulary().read_base(str(base_folder(1501)), tmp_path, dtype="float32", seed=0)
    assert model.generation_config.eos_token_id == [2, tokenizer.convert_tokens_to_ids("<|eot_id|>")]


def test_keys(base_folder: Folder) -> None:
    assert OwnVocabulary(template="a").key() == OwnVocabulary(template="a").key()
    assert OwnVocabulary(template="a").key() != OwnVocabulary(template="b").key()
    base = str(base_folder())
    before = OwnVocabulary().base_key(base)
    assert before == OwnVocabulary().base_key(base)
    (Path(base) / "generation_config.json").write_text("{}", "utf-8")
    assert OwnVocabulary().base_key(base) != before


def test_a_base_that_sees_images_too_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(Gemma3Config().to_json_string(), "utf-8")
    with pytest.raises(UserError, match="gemma3 is more than a model of text"):
        OwnVocabulary().read_config(str(tmp_path), None)
