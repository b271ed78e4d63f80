"""Sends reports and funnels to Weights & Biases, only on request and offline unless that is said too.

Secrets are marked out of all that is sent, and large files stay where they are: an artifact says where.

Files:
    run             begins and ends a run; checks that it can; keeps secrets out
    reach           finds out in seconds whether W&B can be reached
    artifacts       models, data and records as artifacts that refer to files
    report          a benchmark's report: tables, images, answers, files
    funnel          a funnel: counts and pictures, records on request
    tables          a report's numbers and answers as W&B takes them
"""
