"""The stages of Fig. 1: LoRA on general medicine, then all weights on the specialty."""

import os

# On a CPU in bf16 a matrix product is compiled for each shape it meets, and rows have ever other lengths: the usual
# 1,024 compiled ones take hundreds of MiB, and the last 64, more than one step needs, are as fast.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
