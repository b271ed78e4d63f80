"""Holds tables of numbers, fills them from results, and lays them out for readers and programs.

A cell is an interval, never a text: each form writes value, interval and n from the same table.

Files:
    table           a table: columns that know how a value is printed, rows of intervals
    paired_note     tests between two models each, as a finished table
    metric_tables   models by metrics for each task, slices, and tests between models
    opening         what a report says first: models by tasks, ranks, and which differences hold
    rating_tables   what raters and judges gave: means, variances, win rates
    rating_tests    tests between models on ratings, judges' scores and wins
    markdown        for report.md
    latex           for report.tex, with booktabs
    csv_files       report.csv as in a paper, numbers.csv and tests.csv for programs
    terminal        for what a command prints
    expected_costs  what a run will cost, a line for each part and model
"""
