"""Runs a causal language model on tensors: greedy or sampled generation, and log-likelihoods of continuations.

Written for many short prompts on one device; `answerers.local_model` is its only caller.

Files:
    generate        continues a batch of prompts; groups prompts of like size
    likelihood      log-likelihoods of several continuations of each prompt
    kv_cache        keys and values that grow by a token and lose rows
    padding         left padding and its mask
    output_head     the last layer at chosen positions alone
"""
