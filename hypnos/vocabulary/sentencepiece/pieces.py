"""Learns byte-pair merges on Chinese text, and chains pieces so that each term of a specialty is whole."""

import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import sentencepiece as spm

from hypnos.errors import UserError
from hypnos.vocabulary.han import HAN, LONGEST

PUNCTUATION = "，。、；：？！（）《》〈〉「」『』【】“”‘’…—～·％℃"
CHINESE = re.compile(f"[{HAN}{PUNCTUATION}]+")
"""Runs the extension may learn. Anything else stays as the base reads it: learning on whole lines gives pieces
such as a full stop with a line break, and splits English words in new places."""


def chinese_runs(texts: Iterable[str]) -> Iterator[str]:
    """The runs of Han characters and Chinese punctuation in each text."""
    for text in texts:
        yield from CHINESE.findall(text)


def learn_pieces(texts: Iterable[str], size: int, *, coverage: float) -> list[str]:
    """Train a BPE model with SentencePiece on Chinese runs.

    Args:
        texts: the corpus, streamed.
        size: how many pieces to learn, characters included.
        coverage: share of the corpus' characters that get a piece of their own; the rest stays bytes.

    Returns:
        Pieces in merge order, then single characters from the commonest to the rarest. May be fewer than
        `size` when the corpus has no more to offer.

    Raises:
        UserError: the corpus holds no Chinese text, cannot be read, or has more characters than `size`.
    """
    model = io.BytesIO()
    runs = _Runs(texts)
    try:
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(runs),
            model_writer=model,
            model_type="bpe",
            vocab_size=size + 1,  # and <unk>
            character_coverage=coverage,
            hard_vocab_limit=False,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            split_by_unicode_script=False,
            split_by_whitespace=False,
            max_sentencepiece_length=LONGEST,
            max_sentence_length=1 << 20,
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            num_threads=os.cpu_count() or 1,
            minloglevel=2,
        )
    except (RuntimeError, ValueError) as error:
        raise _explain(error, runs, size) from error
    processor = spm.SentencePieceProcessor(model_proto=model.getvalue())
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size()) if not processor.is_unknown(i)]


class _Runs:
    """Chinese runs of a corpus; the trainer gives a fault of reading another type and text, so it is kept here."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = texts
        self.any = False
        self.fault: BaseException | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            for run in chinese_runs(self.texts):
                self.any = True
                yield run
        except BaseException as error:  # of Ctrl-C too the trainer would make a fault of the corpus
            self.fault = error
            raise


def _explain(error: Exception, runs: _Runs, size: int) -> BaseException:
    """What went wrong in training, in the user's words where the cause is the user's to mend."""
    if runs.fault is not None:
        return runs.fault
    if not runs.any:
        return UserError("vocabulary.sources: the corpus holds no Chinese text to learn pieces from")
    message = " ".join(str(error).split())
    if few := re.search(r"required_chars\. \d+ vs (\d+)", message):
        return UserError(
            f"vocabulary.size: {size} pieces to learn are fewer than the corpus' {int(few[1]) - 1} characters;"
            " raise size or lower coverage"
        )
    return UserError(f"the vocabulary cannot be trained on this corpus: {message}")


def chain_terms(terms: Iterable[str], known: Mapping[str, float] | None = None) -> list[str]:
    """The pieces that build each term, in an order in which every term comes out whole.

    Shorter terms come first, so that a term which holds another is built on top of it (舒 + 芬太尼). Each
    term is merged under the pieces already there, as BPE would merge it, and what is left apart is joined
    from the left. The pieces outrank whatever was learnt, so no learnt merge can take a part of a term away.

    Args:
        terms: to be kept whole.
        known: scores of the base's own pieces, whose merges come before all of these.

    Returns:
        Pieces in merge order, the terms among them.
    """
    rank = {piece: -score for piece, score in (known or {}).items()}
    last = max(rank.values(), default=0.0)
    chain: list[str] = []
    for term in sorted(set(terms), key=lambda t: (len(t), t)):
        parts = merge_by_rank(term, rank)
        joined = parts[0]
        for part in parts[1:]:
            joined += part
            if joined not in rank:
                chain.append(joined)
                rank[joined] = last + len(chain)
    return chain


def merge_by_rank(text: str, rank: Mapping[str, float]) -> list[str]:
    """Split a text as SentencePiece's BPE does: join the best-ranked neighbours until none can be joined."""
    parts = list(text)
    while True:
        joins = [(rank[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in rank]
        if not joins:
            return parts
        _, i = min(joins)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
