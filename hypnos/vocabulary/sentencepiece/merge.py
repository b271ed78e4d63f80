"""Adds pieces to a Llama-like SentencePiece model so that every one can be reached and old text reads as before."""

from collections import Counter
from collections.abc import Sequence

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

from hypnos.errors import UserError

EXACT = float(1 << 22)
"""Scores are float32: below this size consecutive whole numbers stay distinct. Llama gives its runs of spaces
-1e9, which is no rank to continue from."""


def load_proto(data: bytes, name: str) -> pb.ModelProto:
    """Parse a SentencePiece model.

    Raises:
        UserError: the bytes are no model, or not one that can be converted exactly: BPE with byte fallback, text
            taken as it is, and no piece that is cut out before the merges.
    """
    proto = pb.ModelProto()
    try:
        proto.ParseFromString(data)
    except Exception as error:
        raise UserError(f"{name}: not a SentencePiece model") from error
    if not proto.pieces:
        raise UserError(f"{name}: not a SentencePiece model")
    trainer, normal, kinds = proto.trainer_spec, proto.normalizer_spec, pb.ModelProto.SentencePiece
    if trainer.model_type != pb.TrainerSpec.BPE:
        raise UserError(f"{name}: only BPE models can be extended; another kind needs tokenizer.json, vocabulary=none")
    if not trainer.byte_fallback:
        raise UserError(f"{name}: the model has no byte pieces to fall back on")
    if normal.precompiled_charsmap or normal.remove_extra_whitespaces or trainer.treat_whitespace_as_suffix:
        raise UserError(f"{name}: the model rewrites text before reading it (normaliser {normal.name or 'unnamed'})")
    odd = [p.piece for p in proto.pieces if p.type in (kinds.USER_DEFINED, kinds.UNUSED)]
    if odd:
        raise UserError(f"{name}: {len(odd)} pieces stand outside the merges, such as {odd[0]}")
    return proto


def extend_proto(base: pb.ModelProto, terms: Sequence[str], learnt: Sequence[str], size: int) -> pb.ModelProto:
    """Append up to `size` new pieces to a copy of the base.

    Merge order is kept by distinct, descending scores below every score of the base: first the chains of
    terms, then learnt merges, then single characters. A piece whose characters are not all pieces, or that
    the merges of the base and of terms keep from ever being formed, is left out and the next one moves up.

    Args:
        base: a BPE model with byte fallback.
        terms: pieces in merge order that outrank all learnt ones.
        learnt: learnt pieces in merge order, single characters anywhere.
        size: number of new pieces.

    Raises:
        UserError: `size` has no room for the terms.
    """
    known = {piece.piece for piece in base.pieces}
    characters = {piece for piece in (*known, *learnt) if len(piece) == 1}
    needed = {c for term in terms for c in term}
    new_terms = [term for term in terms if len(term) > 1 and term not in known]
    alone = [c for c in learnt if len(c) == 1 and c not in known]
    alone += sorted(needed - known - set(alone))
    characters |= needed
    merges = [p for p in learnt if len(p) > 1 and p not in known and p not in set(new_terms)]
    merges = [p for p in merges if characters.issuperset(p)]
    room = size - len(new_terms) - len(alone)
    if room < 0:
        raise UserError(
            f"vocabulary.size {size} has no room: the terms need {len(new_terms)} pieces and the corpus'"
            f" characters {len(alone)}; raise size or lower coverage"
        )
    while True:
        proto = _append(base, [*new_terms, *merges[:room], *alone])
        stuck = set(unreachable(proto, start=len(base.pieces)))
        if not stuck:
            return proto
        merges = [piece for piece in merges if piece not in stuck]
        new_terms = [piece for piece in new_terms if piece not in stuck]


def _append(base: pb.ModelProto, pieces: Sequence[str]) -> pb.ModelProto:
    proto = pb.ModelProto()
    proto.CopyFrom(base)
    lowest = min(piece.score for piece in base.pieces if piece.score > -EXACT)
    for rank, piece in enumerate(pieces, 1):
        proto.pieces.add(piece=piece, score=lowest - rank, type=pb.ModelProto.SentencePiece.NORMAL)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return proto


def tied_pieces(proto: pb.ModelProto) -> int:
    """Count pieces that share their score with another, runs of spaces aside.

    SentencePiece joins such pieces from the left and a fast tokenizer by rank, so some lines read differently.
    """
    scores = [p.score for p in proto.pieces if p.type == pb.ModelProto.SentencePiece.NORMAL and p.score > -EXACT]
    return sum(count for count in Counter(scores).values() if count > 1)


def unreachable(proto: pb.ModelProto, *, start: int = 0) -> list[str]:
    """Ordinary pieces from index `start` that their own text does not produce."""
    bare = pb.ModelProto()
    bare.CopyFrom(proto)
    bare.normalizer_spec.add_dummy_prefix = False
    processor = spm.SentencePieceProcessor(model_proto=bare.SerializeToString())
    normal = pb.ModelProto.SentencePiece.NORMAL
    ids = [i for i in range(start, len(proto.pieces)) if proto.pieces[i].type == normal]
    texts = [proto.pieces[i].piece.replace("▁", " ") for i in ids]
    return [proto.pieces[i].piece for i, got in zip(ids, processor.encode(texts), strict=True) if got != [i]]
