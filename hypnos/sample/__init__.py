"""The embedded default: a base without weights and small data, all written for this project."""
