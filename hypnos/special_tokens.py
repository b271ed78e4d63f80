"""Names the special tokens of a tokenizer and those that end an answer, and has a model be greedy until there."""

from collections.abc import Iterable
from typing import Any


def special_tokens(tokenizer: Any) -> list[str]:
    """All of them, longer ones first.

    Llama 3 names only two by their role: the others, `<|eot_id|>` among them, stand among the added tokens.
    """
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    return sorted({*filter(None, tokenizer.all_special_tokens), *added}, key=lambda token: (-len(token), token))


def answer_end(tokenizer: Any) -> int | None:
    """The id of the special token that follows an answer in the chat template; None where none does."""
    mark = "\ue000"
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": mark}]
    after = str(tokenizer.apply_chat_template(turns, tokenize=False)).partition(mark)[2].lstrip()
    end = next((token for token in special_tokens(tokenizer) if after.startswith(token)), None)
    return None if end is None else int(tokenizer.convert_tokens_to_ids(end))


def stop_texts(tokenizer: Any) -> list[str]:
    """The special tokens at which an answer has ended: EOS, and the one that ends an answer in the chat template."""
    ids = [tokenizer.eos_token_id, answer_end(tokenizer)]
    return [str(tokenizer.convert_ids_to_tokens(token)) for token in dict.fromkeys(ids) if token is not None]


def greedy_settings(stops: Iterable[int], pad: int | None) -> Any:
    """What to set as the `generation_config` of a model that shall be greedy, whatever its folder's own asks for.

    It may ask for a penalty of repetition (Qwen2.5's does), which changes the likeliest token, and what is handed to
    `generate` beside it is filled up from it.

    Args:
        stops: ids that end an answer.
        pad: id of padding; None: the first of those.
    """
    from transformers import GenerationConfig

    ends = sorted(stops)
    if pad is None and ends:
        pad = ends[0]
    return GenerationConfig(do_sample=False, eos_token_id=ends or None, pad_token_id=pad)
