"""Encodes records as tokens, with the loss mask of each."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

from tokenizers import Encoding, Tokenizer
from transformers import PreTrainedTokenizerFast

from hypnos.corpus.records import Instruction, Record, Text
from hypnos.data.template import ChatTemplate, Handover, Part, Special, Thought, Turn
from hypnos.errors import UserError

Reasoning = Literal["learn", "mask", "drop"]

NO_ROOM = "no room for an answer"
"""What the reasons have in common for which a record is too long in one vocabulary, and perhaps not in another."""


@dataclass(frozen=True, slots=True)
class Document:
    """One sequence a model sees by itself.

    Attributes:
        input_ids: `(length,)`.
        loss_mask: `(length,)`, whether the token is one the model learns to say.
        characters: of text under the loss mask.
        truncated: whether text was cut off.
    """

    input_ids: list[int]
    loss_mask: list[bool]
    characters: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class TooLong:
    """A record that gave no document, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Run:
    """Text between special tokens, or from a handover on, encoded at once as a tokenizer would at inference."""

    text: str
    spans: tuple[tuple[int, int], ...]
    """Character ranges of the text that are under the loss mask."""
    answer: tuple[int, int] | None = None
    """The range of an answer that has a thought before it: what loses its end where there is no room."""

    def cut(self, start: int, stop: int) -> "_Run":
        """Characters `start` to `stop` alone, with what of the ranges lies there."""

        def within(span: tuple[int, int]) -> tuple[int, int]:
            begin, end = (min(max(position, start), stop) - start for position in span)
            return begin, end

        spans = tuple(span for span in map(within, self.spans) if span[0] < span[1])
        return _Run(self.text[start:stop], spans, self.answer and within(self.answer))


class Encoder:
    """Encodes records with a tokenizer's chat template.

    A prompt's tokens equal those `apply_chat_template` gives at inference. Words of a record are never read
    as special tokens. Answers and the token that ends them are in the loss mask; of running text everything is.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, *, max_length: int, reasoning: Reasoning = "learn") -> None:
        """Prepare to encode.

        Args:
            tokenizer: with a chat template.
            max_length: tokens of the longest document.
            reasoning: whether a thought before an answer is learnt, stands outside the loss mask, or is dropped.
        """
        self.reasoning = reasoning
        self.template = ChatTemplate(tokenizer)
        self.max_length = max_length
        self.bos = tokenizer.bos_token_id
        self.eos = tokenizer.eos_token_id
        self._backend = deepcopy(tokenizer.backend_tokenizer)  # every call of the tokenizer changes its own
        self._backend.encode_special_tokens = True  # a literal </s> in a text stays text
        self._backend.no_truncation()
        self._backend.no_padding()
        self._within = _without_first_blank(self._backend)
        added = tokenizer.added_tokens_decoder.items()
        self._takes_blanks_before = {number for number, token in added if token.lstrip}
        self._takes_blanks_behind = {number for number, token in added if token.rstrip}
        if max_length < 8:
            raise UserError(f"max_length {max_length} leaves no room for a prompt and an answer")

    def encode(self, records: Sequence[Record]) -> Iterator[list[Document] | TooLong]:
        """Encode a batch: for each record its documents, or why there are none.

        An answer that does not fit loses its end but keeps the token that closes it; a conversation that does
        not fit first loses its oldest turns; running text is cut into several documents.
        """
        if self.reasoning == "drop":
            records = [replace(r, reasoning="") if isinstance(r, Instruction) and r.reasoning else r for r in records]
        layouts = [self._layout(record) for record in records]
        begun = self._encode_texts(self._backend, [layout[:1] for layout in layouts])
        within = self._encode_texts(self._within, [layout[1:] for layout in layouts])
        for record, layout in zip(records, layouts, strict=True):
            pieces = [
                part if isinstance(part, Special) else (part, next(within if at else begun))
                for at, part in enumerate(layout)
            ]
            if isinstance(record, Text):
                yield self._cut(pieces)
            else:
                yield self._assemble(record, pieces)

    def _encode_texts(self, backend: Tokenizer, layouts: Sequence[Sequence[Special | _Run]]) -> Iterator[Encoding]:
        texts = [run.text for layout in layouts for run in layout if isinstance(run, _Run)]
        return iter(backend.encode_batch(texts, add_special_tokens=False))

    def _layout(self, record: Record) -> list[Special | _Run]:
        if isinstance(record, Text):
            return [_Run(record.text, ())]
        contents = [message["content"] for message in record.messages()]
        thinks = bool(record.reasoning)
        layout: list[Special | _Run] = []
        text = ""
        spans: list[tuple[int, int]] = []
        answer: tuple[int, int] | None = None
        for part in self._parts(record):
            if isinstance(part, Special | Handover):
                if text:
                    layout.append(_Run(text, tuple(spans), answer))
                    text, spans, answer = "", [], None
                layout += [part] if isinstance(part, Special) else []
                continue
            start = len(text)
            if isinstance(part, Turn):
                text += contents[part.number]
                answer = (start, len(text)) if thinks and part.number == len(contents) - 1 else answer
            else:
                text += record.reasoning if isinstance(part, Thought) else part.text
            if part.in_loss:
                if spans and spans[-1][1] == start:
                    start = spans.pop()[0]
                spans.append((start, len(text)))
        if text:
            layout.append(_Run(text, tuple(spans), answer))
        takes_blanks = self._takes_blanks_before or self._takes_blanks_behind
        return list(self._without_taken_blanks(layout)) if takes_blanks else layout

    def _without_taken_blanks(self, layout: Sequence[Special | _Run]) -> Iterator[Special | _Run]:
        """The layout without blanks that a tokenizer reads as part of a special token beside them, as Phi-3's does."""

        def takes(beside: Sequence[Special | _Run], taking: set[int]) -> bool:
            return any(isinstance(part, Special) and part.id in taking for part in beside)

        for at, part in enumerate(layout):
            if isinstance(part, Special):
                yield part
                continue
            start, stop = 0, len(part.text)
            if takes(layout[at - 1 : at], self._takes_blanks_behind):
                start = stop - len(part.text.lstrip())
            if takes(layout[at + 1 : at + 2], self._takes_blanks_before):
                stop = max(len(part.text.rstrip()), start)
            if start < stop:
                yield part.cut(start, stop)

    def _parts(self, record: Instruction) -> tuple[Part, ...]:
        messages = 2 * len(record.history) + 2
        thought = self.reasoning if record.reasoning and self.reasoning != "drop" else None
        return self.template.parts(messages, bool(record.system), thought)

    def _assemble(self, record: Instruction, pieces: list) -> list[Document] | TooLong:
        ids: list[int] = []
        loss_mask: list[bool] = []
        characters = 0
        last: tuple[int, int, Encoding | None, int] = (0, 0, None, 0)  # of the last answer
        for piece in pieces:
            if isinstance(piece, Special):
                ids.append(piece.id)
                loss_mask.append(piece.in_loss)
                continue
            run, encoding = piece
            mask = [False] * len(encoding)
            for start, end in run.spans:
                first, stop = _token_range(encoding, start, end)
                mask[first:stop] = [True] * (stop - first)
                characters += end - start
                last = (len(ids) + first, len(ids) + stop, encoding, first)
            if run.answer:
                first, stop = _token_range(encoding, *run.answer)
                last = (len(ids) + first, len(ids) + stop, encoding, first)
            ids += encoding.ids
            loss_mask += mask
        excess = len(ids) - self.max_length
        if excess <= 0:
            return [Document(ids, loss_mask, characters, truncated=False)]
        if record.history:
            return self._without_oldest_turns(record)
        first, stop, encoding, begin = last
        offsets = encoding.offsets[begin : begin + stop - first] if encoding else [(0, 0)]
        count = _whole_characters(offsets, stop - first - excess)
        if count:
            kept = first + count
            lost = offsets[-1][1] - offsets[count - 1][1]
            document = Document(
                ids[:kept] + ids[stop:], loss_mask[:kept] + loss_mask[stop:], characters - lost, truncated=True
            )
            return [document]
        tokens = len(ids) - (stop - first)
        if record.reasoning:
            return TooLong(f"the prompt and the thought have {tokens} tokens and leave {NO_ROOM}")
        return TooLong(f"the prompt alone has {tokens} tokens or leaves {NO_ROOM}")

    def _without_oldest_turns(self, record: Instruction) -> list[Document] | TooLong:
        """Encode without the oldest turn, or at once without all that cannot fit whatever the template adds."""
        contents = [message["content"] for message in record.messages()]
        encoded = self._backend.encode_batch(contents, add_special_tokens=False)
        # At either end a token may grow together with the template's words.
        least = list(accumulate(max(len(encoding.ids) - 2, 0) for encoding in reversed(encoded)))
        fitting = sum(least[2 * turns + 1] <= self.max_length for turns in range(1, len(record.history)))
        history = record.history[-fitting:] if fitting else ()
        result = next(self.encode([replace(record, history=history)]))
        if isinstance(result, TooLong):
            return result
        return [Document(d.input_ids, d.loss_mask, d.characters, truncated=True) for d in result]

    def _cut(self, pieces: list) -> list[Document]:
        ((_, encoding),) = pieces
        begin = [] if self.bos is None else [self.bos]
        room = self.max_length - len(begin)
        ids = [*encoding.ids, self.eos]
        ends = [end for _, end in encoding.offsets]
        # Parts of one size: the last is never so short that only the EOS is left in it.
        count = -(-len(ids) // room)
        documents = []
        for start, stop in pairwise(len(ids) * number // count for number in range(count + 1)):
            part = ids[start:stop]
            stop = min(stop, len(ends))
            # Characters of what is learnt: without a BOS the first token is not.
            learnt = start if begin else start + 1
            before = ends[learnt - 1] if learnt else 0
            characters = ends[stop - 1] - before if stop > learnt else 0
            # Nothing comes before the first token of a document from which it could be predicted.
            mask = [False] * len(begin) + [True] * len(part)
            mask[0] = False
            documents.append(Document(begin + part, mask, characters, truncated=False))
        return documents


def _without_first_blank(backend: Tokenizer) -> Tokenizer:
    """The tokenizer for text behind a special token: some (Metaspace, `first`) put a blank before a text alone."""
    settings = json.loads(backend.to_str())
    steps = settings["pre_tokenizer"] or {}
    first = [step for step in (steps, *steps.get("pretokenizers", ())) if step.get("prepend_scheme") == "first"]
    if not first:
        return backend
    for step in first:
        step["prepend_scheme"] = "never"
    within = Tokenizer.from_str(json.dumps(settings))
    within.encode_special_tokens = True
    return within


def _whole_characters(offsets: Sequence[tuple[int, int]], count: int) -> int:
    """As many of the first `count` tokens as end with a character, not inside one spelt by several bytes."""
    while count > 0 and offsets[count][0] < offsets[count - 1][1]:
        count -= 1
    return max(count, 0)


def _token_range(encoding: Encoding, start: int, end: int) -> tuple[int, int]:
    """The tokens that spell characters `start` to `end`, found without looking at all of them."""

    def span(token: int) -> tuple[int, int]:
        characters = encoding.token_to_chars(token)
        assert characters is not None, "the token is one of the encoding's"
        return characters

    tokens = range(len(encoding))
    first = bisect_left(tokens, start, key=lambda token: span(token)[0])
    stop = bisect_right(tokens, end, key=lambda token: span(token)[1])
    # A token that spells nothing, such as a blank put before a text, belongs to neither side.
    while first < stop and span(first)[0] == span(first)[1]:
        first += 1
    while first < stop and span(stop - 1)[0] == span(stop - 1)[1]:
        stop -= 1
    return (first, stop) if first < stop else (0, 0)
