"""Makes the tokenizer of a run and the base model that fits it: the base's own, or one extended by Chinese pieces.

Every new piece can be reached, every term of the specialty is whole, and text of the base reads as before.

Files:
    base_vocabulary   keeps the base's own vocabulary
    chinese           extends it by Chinese pieces and a specialty's terms
    pieces            learns pieces from a corpus, and the chains of pieces that build terms
    merge             appends pieces to a SentencePiece model so that each can be reached
    convert           turns a SentencePiece model into a fast tokenizer with the same ids
    tokenizer         reads a base's tokenizer, and writes that of a run
    embeddings        embedding and head rows for new pieces
    pretrained        finds and loads a base model
    fertility         measures and reports what a vocabulary costs and gains
"""
