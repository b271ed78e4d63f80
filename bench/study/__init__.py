"""What the paper claims, tried on real data at small scale: `python -m bench.study` (docs/results.md)."""
