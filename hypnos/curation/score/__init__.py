"""Has records scored by models that did not write them, and selects by these scores.

Scores are kept as the scorer gave them; a threshold is applied to them later, as often as one likes, and asks nobody.

Files:
    cross_score    the step `cross_score`: each author scores what the others wrote
    score_sheet    puts a record into a scorer's prompt, and takes the scores out of the reply
    probes         tries a scorer out on answers of known quality
    rubric_fit     says what of rubric, probes and selection does not go together
    own_scores     tells scores that our models gave from those that came along with a file
    statistics     distributions, noise and self-preference, while the scores stream by
    select         the step `select`: divides records by the policy over their scores
"""
