"""Rating sheets: who rates what, the blinded page and table they fill in, and reading them back."""
