"""Has models judge answers: scores on the rubric and comparisons in both orders, cached, with figures of their biases.

A run enters by `cache`; `judge` and `pairwise` write the requests, and every reply goes through the journal.

Files:
    cache           keeps verdicts as an artefact, made once for the same answers, judge and rubric
    judge           asks for a score of each aspect of an answer
    pairwise        asks which of two answers is better, in both orders
    cases           the answers that a judge is shown, question by question
    material        lays out question, passage and reference answer for the prompt
    masking         covers the names of models and makers in an answer
    bias            measures what sways a judge besides the answers
"""
