"""Show what a model will be taught, before it is."""

from itertools import groupby

from transformers import PreTrainedTokenizerFast

from hypnos.data.encode import Document


def mark_learnt(tokenizer: PreTrainedTokenizerFast, document: Document) -> str:
    """Decode a document with its learnt tokens between ⟦ and ⟧."""
    shown = ""
    place = 0
    for learnt, run in groupby(document.learnt):
        count = len(list(run))
        text = tokenizer.decode(document.input_ids[place : place + count], skip_special_tokens=False)
        shown += f"⟦{text}⟧" if learnt else text
        place += count
    return shown
