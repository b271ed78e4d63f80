"""Compares the arms of a sweep: means over seeds, paired tests against an arm of reference, and the report of it.

An arm is one run of the sweep; arms that differ in their seed alone share a label and are one row of a table.

Files:
    compare             reads a sweep and writes its report; what evaluate.py calls
    arms                reads arms from their folders
    arm_scores          what an arm's last model scores on the benchmark
    seeds               means over seeds, and tests against the reference
    tables              held-out text, forgetting, and what a filter kept
    benchmark_tables    scores of the benchmark, and their tests
    notes               every arm's state, seeds and hours
    figures             arms side by side, bits across stages, the frontier, curves
    report              puts tables, notes and figures into one report
    publish             sends it to a board, the frontier as a chart
    dashboard           saves a dashboard of training at Weights & Biases; a command of its own
"""
