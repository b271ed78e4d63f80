"""Converts a SentencePiece BPE model to a fast tokenizer that gives the same ids, line by line."""

from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast


def build_tokenizer(proto: pb.ModelProto) -> PreTrainedTokenizerFast:
    """Convert a BPE model with byte fallback.

    Padding is on the right and uses the model's own pad piece, else its unknown one, so that no row is
    added. Two merges that give the same piece share its rank in SentencePiece; here they follow each other.
    """
    kinds = pb.ModelProto.SentencePiece
    pieces = [piece.piece for piece in proto.pieces]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    trainer, normal = proto.trainer_spec, proto.normalizer_spec
    bpe = models.BPE(
        vocab=vocabulary,
        merges=_merges(proto, vocabulary),
        unk_token=pieces[trainer.unk_id],
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer = Tokenizer(bpe)
    spaces = normalizers.Replace(" ", "▁")
    prefix = [normalizers.Prepend("▁")] if normal.add_dummy_prefix else []
    tokenizer.normalizer = normalizers.Sequence([*prefix, spaces])
    strip = [decoders.Strip(" ", 1, 0)] if normal.add_dummy_prefix else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    special = [p.piece for p in proto.pieces if p.type in (kinds.CONTROL, kinds.UNKNOWN)]
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece in special])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=pieces[trainer.unk_id],
        bos_token=pieces[trainer.bos_id] if trainer.bos_id >= 0 else None,
        eos_token=pieces[trainer.eos_id] if trainer.eos_id >= 0 else None,
        pad_token=pieces[trainer.pad_id] if trainer.pad_id >= 0 else pieces[trainer.unk_id],
        padding_side="right",
        clean_up_tokenization_spaces=False,
    )


def _merges(proto: pb.ModelProto, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Every split of a piece into two pieces, the best score first."""
    kinds = pb.ModelProto.SentencePiece
    usable = {p.piece: p.score for p in proto.pieces if p.type == kinds.NORMAL}
    merges = [
        (-score, vocabulary[piece], piece[:cut], piece[cut:])
        for piece, score in usable.items()
        for cut in range(1, len(piece))
        if piece[:cut] in usable and piece[cut:] in usable
    ]
    merges.sort(key=lambda merge: merge[:2])
    return [(left, right) for _, _, left, right in merges]
