"""Reads what models write: JSON among prose, scores, Chinese numerals.

What cannot be read is None, never 0 or -1.

Files:
    replies         a JSON value, an object or a score of a reply
    json_text       finds JSON in prose and mends Chinese punctuation in it
    aspect_scores   a score for each aspect
    quotation       what a reply quotes
    score_tables    scores in CSV and in columns
    open_thought    finds a thought that did not end, and what would end it
"""
