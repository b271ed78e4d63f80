"""Extends SentencePiece BPE with byte fallback, the kind of tokenizer that Llama 2 and Mistral v1 have.

Files:
    tokenizer    the kind: a SentencePiece model and the fast tokenizer that equals it
    pieces       learns pieces from a corpus, and the chains of pieces that build terms
    merge        appends pieces to a SentencePiece model so that each can be reached
    convert      turns a SentencePiece model into a fast tokenizer with the same ids
"""
