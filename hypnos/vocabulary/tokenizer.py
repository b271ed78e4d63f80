"""Reads a base's tokenizer exactly, and writes the tokenizer of a run."""

import logging
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from hypnos.artefacts.model_folder import read_json
from hypnos.errors import UserError
from hypnos.vocabulary.convert import build_tokenizer
from hypnos.vocabulary.merge import load_proto, tied_pieces

log = logging.getLogger(__name__)

PROTO = "tokenizer.model"


def read_tokenizer(folder: Path) -> tuple[PreTrainedTokenizerFast, pb.ModelProto | None]:
    """Read a base's tokenizer, from its SentencePiece model where that says everything.

    transformers reads a bare `tokenizer.model` inexactly (merge order, leading spaces), so a Llama-like model
    is converted here. A tokenizer with tokens beyond its SentencePiece model, with one that cannot be converted
    exactly, or without one, is read as it is.

    Returns:
        The tokenizer with its chat template, and the SentencePiece model it equals, if there is one.

    Raises:
        UserError: there is no tokenizer, it cannot be read, or it has more pieces than the model has rows.
    """
    plain = _read_plain(folder) if (folder / "tokenizer.json").is_file() else None
    proto = _read_proto(folder / PROTO, needed=plain is None)
    if proto is not None and (plain is None or len(plain) == len(proto.pieces)):
        tokenizer = build_tokenizer(proto)
        if tied := tied_pieces(proto):
            log.warning("%s: %d pieces share a score; some lines read unlike SentencePiece", folder / PROTO, tied)
        tokenizer.chat_template = plain.chat_template if plain is not None else _template_beside(folder)
    elif plain is not None:
        tokenizer, proto = plain, None
    else:
        raise UserError(f"{folder}: no tokenizer here (tokenizer.model or tokenizer.json)")
    if tokenizer.eos_token is None:
        raise UserError(f"{folder}: the tokenizer names no end-of-sequence token")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    tokenizer.padding_side = "right"
    _check_fit(folder, len(tokenizer))
    return tokenizer, proto


def write_tokenizer(
    tokenizer: PreTrainedTokenizerFast, proto: pb.ModelProto | None, directory: Path, *, template: str | None
) -> None:
    """Write a tokenizer's directory: its chat template inside, the SentencePiece model beside it if there is one.

    Raises:
        UserError: there is no chat template, neither given nor the base's own.
    """
    if template is not None:
        tokenizer.chat_template = template
    if not tokenizer.chat_template:
        raise UserError("template: the base has no chat template of its own to keep; use template=plain")
    tokenizer.save_pretrained(directory)
    if proto is not None:
        (directory / PROTO).write_bytes(proto.SerializeToString())


def _read_plain(folder: Path) -> PreTrainedTokenizerFast:
    try:
        return AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # its parsers raise whatever they meet
        lines = str(error).splitlines() or [type(error).__name__]
        raise UserError(f"{folder}: the tokenizer cannot be read (tokenizer.json): {lines[0]}") from error


def _read_proto(file: Path, *, needed: bool) -> pb.ModelProto | None:
    if not file.is_file():
        return None
    try:
        return load_proto(file.read_bytes(), str(file))
    except UserError:
        if needed:
            raise
        return None


def _template_beside(folder: Path) -> str | None:
    file, config = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    if config.is_file():
        template = read_json(config).get("chat_template")
        return template if isinstance(template, str) else None
    return None


def _check_fit(folder: Path, pieces: int) -> None:
    rows = read_json(folder / "config.json").get("vocab_size")
    if rows is not None and rows < pieces:
        raise UserError(f"{folder}: the tokenizer has {pieces} pieces but the model only {rows} embedding rows")
