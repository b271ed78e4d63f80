"""Has physicians review kept records on a page that needs no network, and applies what they decided.

They see question and answer, never author, source or scores; what they mend is in the records with who and when.

Files:
    settings    who reviews, and how much
    texts       the texts of a record that may be mended, and the hash by which it is known again
    pages       writes the pages and the key that stays with the researcher (review.html, review.js, review.css)
    filled      reads what reviewers handed in, with the key
    step        the step `review`: applies the decisions
"""
