"""Makes the tokenizer of a run and the base model that fits it: the base's own, or one extended by Chinese pieces.

Every new piece can be reached, every term of the specialty is whole, and text of the base reads as before.

Files:
    base_vocabulary   keeps the base's own vocabulary
    chinese           extends it by Chinese pieces and a specialty's terms
    tokenizer         reads a base's tokenizer, as the kind that it is
    kind              what is asked of a tokenizer, whatever its kind; one that cannot be extended
    template_date     fixes the date that a chat template writes
    han               Han characters, and the list of terms
    embeddings        embedding and head rows for new pieces
    pretrained        finds and loads a base model
    fertility         measures and reports what a vocabulary costs and gains
Folders:
    sentencepiece/    the kind of Llama 2 and Mistral v1
    byte_level/       the kind of Llama 3, SmolLM2 and Qwen
"""
