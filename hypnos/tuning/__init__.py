"""Trains the stages of Fig. 1, each from the one before: LoRA on general medicine, then all weights on the specialty.

A stage is made once, in a folder named by its key; stopped anywhere, it goes on bit for bit (see README.md).
Module state: importing this package sets ONEDNN_PRIMITIVE_CACHE_CAPACITY in the environment, where it is not set;
`distributed.watchdog` holds the ranks that this process started, `distributed.ranks` what a launcher had set before;
`compute.attention` registers its functions with transformers, and `memory` one of its own.

Files:
    stages          makes all stages of an experiment, and measures every model of it
    stage           trains one stage in a folder, and exports it
    job             what a stage is made from, and what of it counts in its key
    module          what both kinds of tuning share: loss, measures, optimizer
    lora            low-rank adapters on a frozen base: stage 1
    full            every weight: stage 2
    schedule        the learning rate over the steps
    handoff         checks that what one stage gives the next fits together
    export          writes a stage as a Hugging Face directory
    heldout         measures every model on the same held-out text, once
    estimate        what a run would take, as a table, without its weights
    memory          what one row takes in training, measured without weights
Folders:
    compute/        the arithmetic of a step: loss, attention, noise, four bits
    distributed/    several processes: which one is first, sharding, ending together
    objectives/     what is learnt from a row: labels, or preferences
    callbacks/      what happens between steps: checkpoints, progress, held-out text
    gguf/           a stage for llama.cpp and Ollama
    compressed/     a stage in FP8 or by AWQ
    tracking/       what a stage shows in its loggers
Others import:
    stages                  Result, Run
    job                     Build
    estimate                describe_run
    heldout                 VERSION
    distributed.ranks       forget_ranks, is_first_rank
    distributed.watchdog    end_ranks
    export                  read_stage
    compressed.files        Compressor, PYTHON, write_compressed
    gguf.files              LlamaCpp, remove_file, write_files
    gguf.first_token        adds_first_token
    gguf.ollama             write_modelfile
    gguf.token_check        differing_texts
"""

import os

# On a CPU in bf16 a matrix product is compiled for each shape it meets, and rows have ever other lengths: the usual
# 1,024 compiled ones take hundreds of MiB, and the last 64, more than one step needs, are as fast.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
