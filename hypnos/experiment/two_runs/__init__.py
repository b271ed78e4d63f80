"""Puts two runs of one command side by side: settings, data, code, and numbers with their paired tests.

Everything is read from what the runs left; nothing is trained, asked or measured again.

Files:
    folder      what a run left: which command it was, its settings, its code
    settings    settings that differ
    trained     two runs of train.py: stages and their data, held-out text, the benchmark
    filtered    two runs of filter.py: the funnel, records that both kept, scores
    evaluated   two runs of evaluate.py: tasks, models, and every number that both have
    compare     all of it as text
"""
