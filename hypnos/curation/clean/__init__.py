"""Removes records with obvious errors by rules, and mends some faults.

A rule is a dataclass with a method `check`; conf/step/clean.yaml lists the rules in the order in which they look.

Files:
    step             the step `clean`: rules in turn, each counted
    rule             what a rule is, and the texts it looks at
    form             empty, too long, the question again, broken structure, placeholders
    forum            headings of forms, leftovers of pages, courtesy
    speech           refusals and boilerplate
    language         other languages; traditional characters become simplified ones
    loops            phrases that come back again and again
    ending           answers that a token limit cut off
    sentence_ends    learns from the answers at hand where sentences end
    doses            doses without a unit, or far outside their window
    drugs            the wrong one of two drugs whose names look alike
    personal_data    masks names, numbers and addresses of patients
"""
