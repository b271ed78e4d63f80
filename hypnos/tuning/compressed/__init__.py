"""Writes a stage's weights in FP8 or by AWQ for engines on GPUs, with llm-compressor in an environment of its own.

Files:
    files    a stage as folders of the kinds that are asked for
"""
