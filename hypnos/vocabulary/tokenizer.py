"""Reads a base's tokenizer exactly, as the kind that it is."""

import logging
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from hypnos.artefacts.model_folder import read_json
from hypnos.artefacts.tokenizer_file import TOKENIZER, read_tokenizer_file
from hypnos.errors import UserError
from hypnos.vocabulary.byte_level.model import is_byte_level
from hypnos.vocabulary.byte_level.tokenizer import ByteLevelTokenizer
from hypnos.vocabulary.kind import BaseTokenizer
from hypnos.vocabulary.sentencepiece.convert import build_tokenizer
from hypnos.vocabulary.sentencepiece.merge import load_proto, tied_pieces
from hypnos.vocabulary.sentencepiece.tokenizer import PROTO, SentencePieceTokenizer

log = logging.getLogger(__name__)


def read_kind(folder: Path) -> BaseTokenizer:
    """Read a base's tokenizer as the kind that it is.

    Raises:
        UserError: see `read_tokenizer`.
    """
    tokenizer, proto = read_tokenizer(folder)
    if proto is not None:
        return SentencePieceTokenizer(tokenizer, proto, name=str(folder))
    kind = ByteLevelTokenizer if is_byte_level(tokenizer.backend_tokenizer) else BaseTokenizer
    return kind(tokenizer, name=str(folder))


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
    plain = _read_plain(folder) if (folder / TOKENIZER).is_file() else None
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


def _read_plain(folder: Path) -> PreTrainedTokenizerFast:
    """Read tokenizer.json as it is written; the settings beside it may not add to its pieces."""
    plain = read_tokenizer_file(folder)
    written = Tokenizer.from_file(str(folder / TOKENIZER)).get_vocab_size()
    if len(plain) != written:
        raise UserError(
            f"{folder}: {TOKENIZER} has {written} pieces, but {len(plain)} with the tokens that the settings beside it"
            f" name ({', '.join(list(plain.added_tokens_encoder)[written - len(plain) :][:5])}); write them into it"
        )
    return plain


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
