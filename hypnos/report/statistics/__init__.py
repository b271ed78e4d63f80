"""Says how sure a number of a report is: intervals, paired tests between models, and agreement of raters.

Intervals and tests resample whole groups (questions of one passage, records of one stem), because their values are not
independent, and every draw is seeded: the same values give the same figures.

Files:
    intervals       means with bootstrap intervals over groups, and over raters where people rated
    paired_tests    two models on the same questions: permutation test, bootstrap, Holm's correction
    resampling      draws groups and flips their signs, as arrays: what the other two are computed from
    agreement       Krippendorff's alpha, weighted kappa and rank correlation of raters, and of a judge with them
"""
