"""From records to packed rows of tokens."""
