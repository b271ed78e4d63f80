"""Writes a stage for llama.cpp and Ollama, with llama.cpp's own converter and quantiser.

Files:
    files           a stage as GGUF files of the types that are asked for
    converter       a script in llama.cpp's process: its converter, told which rules cut text
    known_rules     which of llama.cpp's named rules an extended tokenizer cuts text by
    token_check     the tokens of a GGUF file beside the stage's own
    first_token     whether an engine begins a prompt with BOS by itself
    ollama          the file that Ollama makes a model of, with the stage's chat template
"""
