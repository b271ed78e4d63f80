"""Metrics as `evaluate.Metric` classes; nothing is loaded from a hub."""
