"""Reads the tokenizer of a Hugging Face directory as its tokenizer.json is written."""

from pathlib import Path
from typing import Any

from hypnos.errors import UserError

TOKENIZER = "tokenizer.json"


def read_tokenizer_file(directory: Path) -> Any:
    """A fast tokenizer that gives the ids of its tokenizer.json.

    transformers' `AutoTokenizer` takes the class that the settings or the model's type name, and such a class makes
    the rules that cut a text anew: a Qwen2 model whose tokenizer is of another house reads nearly every second text
    otherwise than it was trained on.

    Raises:
        UserError: the file cannot be read.
    """
    from transformers import PreTrainedTokenizerFast

    try:
        return PreTrainedTokenizerFast.from_pretrained(directory)
    except Exception as error:  # its parsers raise whatever they meet
        lines = str(error).splitlines() or [type(error).__name__]
        raise UserError(f"{directory}: the tokenizer cannot be read ({TOKENIZER}): {lines[0]}") from error
