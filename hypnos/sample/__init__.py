"""Holds the embedded default: a base without weights, small data and recorded replies, all written for this project.

The three commands run on it without a key, a network or a GPU.

Files:
    make_base       trains the base's vocabulary again
    make_replies    records the replies of scripted authors again
    demo            says what the figures of `make demo` mean
    demo_real       the three commands on a real base and real data, then a chat
Folders:
    base/           a tiny Llama-like model's config, tokenizer and the text it was trained on
    benchmark/      the tasks' questions, with their data card
"""
