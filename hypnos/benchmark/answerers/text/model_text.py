"""Puts turns as the token ids that a local model continues, and reads its tokens back as text."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from hypnos.artefacts.model_folder import read_json
from hypnos.benchmark.answerers.prompt_form import PromptForm, render_template
from hypnos.benchmark.answerers.text.template_switch import switch_values
from hypnos.benchmark.answerers.weights import ReadTokenizer, load_tokenizer, only_sentencepiece
from hypnos.benchmark.thinking import Mode
from hypnos.llm.parsing.open_thought import closing_of, mark_before, open_mark


class ModelText:
    """The tokenizer of a folder with the form that its model was trained on."""

    def __init__(self, folder: Path, *, form: PromptForm | None, read_plain: ReadTokenizer | None) -> None:
        """Keep where the tokenizer is; it is read when it is needed.

        Args:
            folder: of the tokenizer.
            form: how turns become text; None: the folder's chat template, or else a plain form.
            read_plain: reads a folder with nothing but a `tokenizer.model`.
        """
        self._folder = folder
        self._given = form
        self._read_plain = read_plain

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, read once.

        Raises:
            UserError: it cannot be read.
        """
        return load_tokenizer(self._folder, self._read_plain)

    @property
    def form(self) -> PromptForm | None:
        """The form in plain text; None where the chat template decides."""
        return None if self._given is None and self.tokenizer.chat_template else self._given or PromptForm()

    def check(self, mode: Mode) -> None:
        """Raise UserError where thinking cannot be switched so."""
        switch_values(self.tokenizer if self.form is None else None, mode, name=str(self._folder))

    def render(self, messages: Sequence[Mapping[str, str]], mode: Mode = "as_is") -> str:
        """The text that the model continues."""
        if self.form is not None:
            return self.form.render(messages)
        values = switch_values(self.tokenizer, mode, name=str(self._folder))
        return render_template(self.tokenizer, messages, values)

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of prompts as `render` makes them."""
        encoded = self.tokenizer(list(prompts), add_special_tokens=self.adds_special)["input_ids"]
        return [self._with_bos(ids) for ids in encoded]

    @property
    def adds_special(self) -> bool:
        """Whether the tokenizer adds its special tokens: a chat template writes BOS itself, a plain form does not."""
        return self.form is not None

    def key(self) -> dict[str, Any]:
        """What decides the ids beside the files; nothing where transformers reads them as it always did."""
        if not only_sentencepiece(self._folder) or self._read_plain is None:
            return {}
        settings = (self._folder / "tokenizer_config.json").is_file()
        return ({} if self._bos is None else {"bos": self._bos}) | ({"tokenizer": "SentencePiece"} if settings else {})

    def _with_bos(self, ids: Sequence[int]) -> list[int]:
        """The ids of a prompt, with the BOS that the config of a bare `tokenizer.model` asks for."""
        missing = self._bos is not None and self.adds_special and list(ids[:1]) != [self._bos]
        return [self._bos, *ids] if missing and self._bos is not None else list(ids)

    @cached_property
    def _bos(self) -> int | None:
        if not only_sentencepiece(self._folder) or not (self._folder / "config.json").is_file():
            return None
        settings = self._folder / "tokenizer_config.json"
        if settings.is_file() and read_json(settings).get("add_bos_token") is False:
            return None
        bos = read_json(self._folder / "config.json").get("bos_token_id")
        return bos if isinstance(bos, int) else None

    def decode(self, ids: Sequence[int]) -> str:
        """What the ids say, special tokens included."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def cut_at_stop(self, text: str) -> str:
        """A reply up to the text with which its form begins the next question."""
        stops = self.form.stop if self.form else ()
        return text[: min((text.find(stop) for stop in stops if stop in text), default=len(text))]

    def ended(self) -> Callable[[list[int]], bool] | None:
        """Whether a reply, given as its tokens, has come to a stop of several tokens; None where there is none."""
        stops = self.form.stop if self.form else ()
        if not stops:
            return None
        # The end of a text is decoded, and no more: a stop is at most so many tokens as it has characters.
        tail = 4 + 2 * max(map(len, stops))
        return lambda ids: any(stop in self.decode(ids[-tail:]) for stop in stops)

    def closing(self, prompt: str) -> Callable[[list[int]], list[int]]:
        """What ends the thought in which a reply to `prompt` stands, given as its tokens; nothing outside one."""
        before = mark_before(prompt)

        def close(ids: list[int]) -> list[int]:
            mark = open_mark(before + self.decode(ids))
            return list(self.tokenizer(closing_of(mark), add_special_tokens=False)["input_ids"]) if mark else []

        return close
