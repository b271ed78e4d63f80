"""The text of an answer as its tokens come: all are decoded anew, and what no further one changes is handed on."""

import queue
import re
from collections.abc import Collection, Iterator
from typing import Any

_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")


class GrowingText:
    """A streamer of transformers: hands on the pieces which, put together, are what the whole answer decodes to.

    The library's own begins anew behind each line break, and a tokenizer from SentencePiece then drops the blank
    before the first word: indented lines lost one.
    """

    def __init__(self, tokenizer: Any, stops: Collection[int]) -> None:
        """Begin with an empty answer.

        Args:
            tokenizer: of the model.
            stops: ids that end an answer, and are no part of it.
        """
        self._tokenizer = tokenizer
        self._stops = stops
        self._ids: list[int] | None = None
        self._shown = ""
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def put(self, value: Any) -> None:
        """Take the prompt, which comes first and is left out, or the next token."""
        if self._ids is None:
            self._ids = []
            return
        self._ids += [token for token in value.flatten().tolist() if token not in self._stops]
        # A run of bytes is text as a whole or not at all, and bytes that are none yet show as a replacement sign.
        if self._ids and not _BYTE.fullmatch(str(self._tokenizer.convert_ids_to_tokens(self._ids[-1]))):
            self._show(self._decode().rstrip("\ufffd"))

    def end(self) -> None:
        """Hand on what was held back."""
        self._show(self._decode())
        self._pieces.put(None)

    def __iter__(self) -> Iterator[str]:
        """The pieces, until the end."""
        while (piece := self._pieces.get()) is not None:
            yield piece

    def _show(self, text: str) -> None:
        if len(text) > len(self._shown) and text.startswith(self._shown):
            self._pieces.put(text[len(self._shown) :])
            self._shown = text

    def _decode(self) -> str:
        return str(
            self._tokenizer.decode(self._ids or [], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )
