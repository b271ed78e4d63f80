"""From files of benchmarks, each in its own layout, to items."""
