"""Says what a stage learns from a row: to say its labels, or to prefer one answer to another.

Either kind of tuning takes any objective: `tuning.objective` in the configuration, and labels where nothing is said.

Files:
    objective       the loss of a row as a sum, and the one that learns labels
    preference      DPO and ORPO, on pairs of answers
    reference       how likely each answer is to the model a stage starts from, kept by content
"""
