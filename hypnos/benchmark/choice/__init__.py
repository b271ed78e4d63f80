"""Reads which options an answer to a choice question chooses.

Rules are tried in the order of `extract.RULES`: each takes a reply and returns letters, "" for surely no answer, or
None where it does not fire.

Files:
    extract         cleans an answer and tries the rules
    reply           a cleaned answer, and the words for right and wrong
    polarity        whether what a clause says of an option stands, or is denied, doubted, asked, or of others
    withdrawal      where an answer takes back what it has said
    tables          writes Markdown tables as lines
    announced       letters by their place, or after words that announce them
    judged          options called right or wrong, all or none, refusals
    texts           options named by their texts
    lists           options listed in a text: what the rules share
    official_rules  the published rules of CMB and AnesBench, beside ours
"""
