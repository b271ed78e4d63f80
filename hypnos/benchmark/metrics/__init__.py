"""Makes numbers of answers, as `evaluate.Metric` classes; nothing is loaded from a hub.

A new metric is one file with a class, and one row of `table`.

Files:
    table                every metric: name, class, kinds of questions, labels, directions
    measure              measures one model on one task
    metric               base class of all metrics, signatures
    text                 base class of metrics on tokens
    segment              Chinese text cut into tokens
    overlap              n-grams that answers share with references
    choice               accuracy of letters
    likelihood_accuracy  accuracy by log-likelihood
    match                exact match and F1
    cmrc                 CMRC2018's own comparison
    bleu                 BLEU
    gleu                 GLEU
    rouge                ROUGE
    distinct             Distinct
    safety               doses, units and drugs that could hurt
    answers              length, empty and unfinished answers
"""
