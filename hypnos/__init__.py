"""Hypnos: from a general Llama to a Chinese language model for one medical specialty."""

__version__ = "0.1.0"
