"""Reads the questions of a benchmark and makes of each the turns that are put to a model.

A task of one's own needs no code: a file in the form that `readers.lines` reads, and a few lines of configuration.

Files:
    task            a task: questions, words, examples, metrics, and the version that hashes what is asked
    prompts         the template around a question
    shots           examples shown before a question
    sample          some of the questions, in the proportions of topics and levels
    shuffle         options in another order, the answer with them
    groups          which questions belong together and are resampled as one
Folders:
    readers/        one file for each layout of a public set
"""
