"""Sends reports and funnels to Weights & Biases, only on request and offline unless that is said too.

Secrets are marked out of all that is sent, and large files stay where they are: an artifact says where.

Files:
    run             begins and ends a run; checks that it can; keeps secrets out
    board           a run as a board: tables, pictures, files, lineage
    reach           finds out in seconds whether W&B can be reached
    artifacts       models, data and records as artifacts that refer to files
    report          a benchmark's report
    funnel          a funnel
"""
