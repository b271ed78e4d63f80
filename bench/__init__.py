"""What is measured: `hold` for promises, `speed` for timings."""
