"""Training of a 7B Llama with random weights on one GPU, beside Trainer."""
