"""Extends byte-level BPE, the kind of tokenizer that Llama 3, SmolLM2 and Qwen have.

New merges stand behind all of the base's: first those that build Han characters out of bytes, then those of a
specialty's terms, then what a corpus teaches on top of these. Every new piece holds a Han character or begins one, so
that other text reads as before.

Files:
    tokenizer    the kind: extended, spelled, searched for pieces that no text gives
    alphabet     bytes as printable signs, and back
    model        the BPE model in tokenizer.json: how it cuts and splits, and pieces appended to it
    corpus       counts the parts of a corpus that hold Han text
    characters   the characters that get a piece, and the pieces that lead to them
    terms        the pieces that build terms, behind a space too
    learn        merges learnt on what is merged already
"""
