"""Shows what a model will be taught, before it is."""

from itertools import groupby

from transformers import PreTrainedTokenizerFast

from hypnos.data.encode import Document


def mark_loss_tokens(tokenizer: PreTrainedTokenizerFast, document: Document) -> str:
    """Decode a document with the tokens under its loss mask between ⟦ and ⟧."""
    shown = before = ""
    end = 0
    for in_loss, run in groupby(document.loss_mask):
        end += len(list(run))
        # From the beginning each time: a part decoded by itself loses the blank it begins with.
        text = tokenizer.decode(document.input_ids[:end], skip_special_tokens=False)
        part = text[len(before) :]
        shown += f"⟦{part}⟧" if in_loss else part
        before = text
    return shown
