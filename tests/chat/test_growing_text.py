import pytest
import torch
from transformers import PreTrainedTokenizerFast

from hypnos.chat.growing_text import GrowingText


def grown(tokenizer, ids, stops=()):
    """The pieces that come of each token, and those of the end."""
    text = GrowingText(tokenizer, stops)
    text.put(torch.tensor([[1, 2, 3]]))  # the prompt
    for token in ids:
        text.put(torch.tensor([token]))
    text.end()
    return list(text)


@pytest.mark.parametrize(
    "said",
    [
        "- a\n    - b\n",
        "处理：\n  - 停药 now\n  - give oxygen\n\n    dose 2 mg",
        "line one\n next line",
        "😀 罕见字：齉龘，又一个😀",
        "",
    ],
)
def test_the_pieces_are_what_the_whole_decodes_to(spoken, said):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    ids = tokenizer(said, add_special_tokens=False)["input_ids"]
    assert "".join(grown(tokenizer, ids)) == tokenizer.decode(ids) == said
    assert all("\ufffd" not in piece for piece in grown(tokenizer, ids))


def test_bytes_that_become_no_text_are_shown_at_the_end_and_stops_are_no_part(spoken):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(spoken)
    word = tokenizer("dose", add_special_tokens=False)["input_ids"]
    whole, begun = (tokenizer.convert_tokens_to_ids([f"<0x{byte:02X}>" for byte in text.encode()]) for text in "龘齉")
    ids = [*word, *whole, begun[0]]
    assert "".join(grown(tokenizer, [*ids, word[0]], stops=[word[0]])[-1:]) == tokenizer.decode(ids)[len("dose") :]
    assert "".join(grown(tokenizer, ids)) == tokenizer.decode(ids) == "dose" + "\ufffd" * 4
