"""Show what a model will be taught, before it is."""

from itertools import groupby

from transformers import PreTrainedTokenizerFast

from hypnos.data.encode import Document


def mark_learnt(tokenizer: PreTrainedTokenizerFast, document: Document) -> str:
    """Decode a document with its learnt tokens between ⟦ and ⟧."""
    shown = before = ""
    place = 0
    for learnt, run in groupby(document.learnt):
        place += len(list(run))
        # From the beginning each time: a part decoded by itself loses the blank it begins with.
        text = tokenizer.decode(document.input_ids[:place], skip_special_tokens=False)
        part = text[len(before) :]
        shown += f"⟦{part}⟧" if learnt else part
        before = text
    return shown
