"""Compares texts by the signs that stand in a row in them, whatever their width, case, script and punctuation.

Files:
    ngrams          folds texts and hashes their n-grams, many at once
    local_words     tells which texts carry the words of those that must not leave the machine
"""
