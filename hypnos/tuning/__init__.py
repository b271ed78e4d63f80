"""The stages of Fig. 1: LoRA on general medicine, then all weights on the specialty."""
