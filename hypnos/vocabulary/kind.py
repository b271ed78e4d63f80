"""What the vocabulary of a run asks of a base's tokenizer, whatever its kind."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from hypnos.artefacts.older_readers import name_tokenizer
from hypnos.errors import UserError
from hypnos.vocabulary.template_date import fix_date


class BaseTokenizer:
    """A tokenizer of a kind that is kept as it is; the kinds that can be extended are its subclasses."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, *, name: str) -> None:
        """Wrap a tokenizer.

        Args:
            tokenizer: with its chat template.
            name: what a message calls it, such as its folder.
        """
        self.tokenizer = tokenizer
        self.name = name

    def __len__(self) -> int:
        return len(self.tokenizer)

    def extend(self, texts: Iterable[str], terms: Sequence[str], *, size: int, coverage: float) -> "BaseTokenizer":
        """Append Chinese pieces, so that each can be reached and text without Han characters reads as before.

        Args:
            texts: the corpus, streamed.
            terms: Han words kept whole.
            size: number of new pieces, terms and characters included; fewer where the corpus has no more to offer.
            coverage: share of the corpus' characters that get a piece of their own; the rest stays bytes.

        Raises:
            UserError: this kind cannot be extended, the corpus has no Chinese, or `size` is too small.
        """
        raise UserError(
            f"{self.name}: neither a SentencePiece BPE model (tokenizer.model) nor byte-level BPE (tokenizer.json):"
            " no vocabulary that can be extended; use vocabulary=none"
        )

    def spell(self, pieces: Sequence[str]) -> list[list[int]]:
        """The ids with which this tokenizer reads each piece of its extension."""
        if pieces:
            raise UserError(f"{self.name}: {len(pieces)} pieces are new to a tokenizer that cannot be extended")
        return []

    def written(self, text: str) -> str:
        """A text as one piece would be written in the vocabulary."""
        return text

    def fragments(self) -> set[int]:
        """Ids of pieces that hold less than a character."""
        return set()

    def unreachable(self, *, start: int = 0) -> list[str]:
        """Pieces from index `start` that no text produces."""
        return []

    def write(self, directory: Path, *, template: str | None) -> None:
        """Write the tokenizer's directory, its chat template inside.

        Raises:
            UserError: there is no chat template, neither given nor the base's own; or see `fix_date`.
        """
        own = self.tokenizer.chat_template
        if isinstance(own, dict):
            # Others (for tools, for documents) are never used, and would stand in files that no stage copies.
            own = own.get("default")
        template = own if template is None else template
        if not template:
            raise UserError("template: the base has no chat template of its own to keep; use template=plain")
        self.tokenizer.chat_template = fix_date(template)
        self.tokenizer.save_pretrained(directory)
        name_tokenizer(directory)
