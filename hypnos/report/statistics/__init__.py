"""Says how sure a number of a report is: intervals, paired tests between models, and agreement of raters.

Groups of questions are the units (questions of one passage, records of one stem), because their values are not
independent; where several seeds, raters or judges answered, these are units too. Nothing is drawn at random.

Files:
    intervals           means, shares and statistics of a whole task with their intervals
    crossed             how a mean varies over groups and, crossed with them, over seeds or raters
    paired_tests        two models on the same questions, and Holm's correction of many such tests
    permutation         p of the paired permutation test, exact or by its saddlepoint
    rank_correlation    Spearman's rank correlation with its interval
    agreement           Krippendorff's alpha and weighted kappa of raters, and how far a judge agrees with them
"""
