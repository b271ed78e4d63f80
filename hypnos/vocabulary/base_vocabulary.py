"""Keeps the base's own vocabulary (`vocabulary=none`), for bases that already speak Chinese."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from hypnos.artefacts.keys import content_key, file_key
from hypnos.artefacts.model_folder import copy_tokenizer, tokenizer_files
from hypnos.artefacts.older_readers import name_positions
from hypnos.errors import UserError
from hypnos.special_tokens import answer_end
from hypnos.vocabulary.embeddings import extend_embeddings, rows_for
from hypnos.vocabulary.pretrained import base_files, load_base, locate_base
from hypnos.vocabulary.tokenizer import read_kind

VERSION = 1
"""Raised when this package's code changes what it writes."""


class OwnVocabulary:
    """The base's tokenizer as it is, with a chat template."""

    def __init__(self, *, template: str | None = None) -> None:
        """Keep the base's vocabulary.

        Args:
            template: a Jinja chat template; None keeps the base's own.
        """
        self.template = template
        self.pad_to_multiple_of: int | None = None
        self.size = 0

    def key(self) -> dict[str, Any]:
        """What decides the tokenizer, apart from the base."""
        return {"version": VERSION, "kind": type(self).__name__, "template": self.template}

    def check(self) -> None:
        """Raise UserError if a file this needs is not there."""

    def write_tokenizer(self, base: str, directory: Path) -> None:
        """Write the tokenizer's directory.

        Raises:
            UserError: the base has no tokenizer, or no chat template where none is given.
        """
        read_kind(locate_base(base, weights=False)).write(directory, template=self.template)

    def plain(self) -> "OwnVocabulary":
        """The base's own vocabulary under the same template, to compare with."""
        return OwnVocabulary(template=self.template)

    def read_base(self, base: str, tokenizer: Path, *, dtype: str, seed: int | None) -> PreTrainedModel:
        """Load the base with rows for a tokenizer.

        Args:
            base: a folder, or a name on the hub.
            tokenizer: what `write_tokenizer` wrote.
            dtype: of the weights.
            seed: for a base that has a config but no weights.
        """
        folder = locate_base(base)
        before = read_kind(folder)
        after = PreTrainedTokenizerFast.from_pretrained(tokenizer)
        model = load_base(folder, dtype=dtype, seed=seed)
        added = range(len(before), len(after))
        if added or self.pad_to_multiple_of:
            spelled = before.spell([after.convert_ids_to_tokens(i) for i in added])
            extend_embeddings(model, spelled, old=len(before), pad_to_multiple_of=self.pad_to_multiple_of)
        _name_special_tokens(model, after)
        return model

    def read_config(self, base: str, tokenizer: Path | None) -> PretrainedConfig:
        """The config `read_base` would give its model, without a look at weights.

        Args:
            base: see `read_base`.
            tokenizer: see `read_base`; None takes the number of pieces that was asked for.
        """
        folder = locate_base(base, weights=False)
        try:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise UserError(f"{folder}: the config cannot be read: {str(error).splitlines()[0]}") from error
        if not hasattr(config, "vocab_size"):  # Gemma 3 and others that see or hear: it stands in a part of theirs
            raise UserError(
                f"{folder}: {config.model_type} is more than a model of text; its text model alone can be read"
            )
        old, added = config.vocab_size, self.size
        if tokenizer is not None:
            old = len(read_kind(folder))
            added = len(PreTrainedTokenizerFast.from_pretrained(tokenizer)) - old
        config.vocab_size = rows_for(
            config.vocab_size, old=old, added=added, pad_to_multiple_of=self.pad_to_multiple_of
        )
        return config

    def write_base(self, base: str, tokenizer: Path, directory: Path, *, dtype: str, seed: int | None) -> None:
        """Write what `read_base` gives as a Hugging Face directory, the tokenizer included."""
        self.read_base(base, tokenizer, dtype=dtype, seed=seed).save_pretrained(directory)
        name_positions(directory)
        copy_tokenizer(tokenizer, directory)

    def base_key(self, base: str) -> str:
        """Hash what is read of a base: config, weights and tokenizer; a card or a licence beside them is not."""
        return _hash(base_files(locate_base(base)))

    def tokenizer_key(self, base: str) -> str:
        """Hash what of a base decides the tokenizer."""
        folder = locate_base(base, weights=False)
        return _hash([folder / "config.json", *tokenizer_files(folder)])


def _hash(files: Iterable[Path]) -> str:
    return content_key({file.name: file_key(file) for file in files})


def _name_special_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    for config in (model.config, model.generation_config):
        config.bos_token_id = tokenizer.bos_token_id
        config.eos_token_id = tokenizer.eos_token_id
        config.pad_token_id = tokenizer.pad_token_id
    # A template may end an answer with a token of its own, as Qwen's does: there generation has to stop too.
    end = answer_end(tokenizer)
    stops = [tokenizer.eos_token_id, *([] if end is None else [end])]
    model.generation_config.eos_token_id = stops[0] if len(set(stops)) == 1 else list(dict.fromkeys(stops))
    if not model.generation_config.do_sample:
        # Older bases name a temperature without sampling, which cannot be saved.
        for name in ("temperature", "top_p", "top_k"):
            setattr(model.generation_config, name, None)
