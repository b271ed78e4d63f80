"""Names the special tokens of a tokenizer, and the one that ends an answer in its chat template."""

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
