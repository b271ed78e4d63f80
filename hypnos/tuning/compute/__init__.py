"""Holds the arithmetic of a training step on a packed row.

No function here knows of stages, files or ranks; all take tensors and models.

Files:
    loss            the loss of a packed row, and the likelihood of each of its documents
    cross_entropy   cross-entropy over a large vocabulary without the whole table of logits
    log_likelihood  of each label, with a gradient
    architecture    which architectures can be trained, and how their documents are held apart
    attention       attention within each document of a packed row
    neftune         noise on embeddings while training
    quantization    reads a frozen base in four bits
    allocator       keeps freed memory for the next step on a CPU
    replace         puts other tensors in the place of a model's parameters and buffers
"""
