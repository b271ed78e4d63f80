"""Training speed beside others': the same model, the same pairs, in turn."""
