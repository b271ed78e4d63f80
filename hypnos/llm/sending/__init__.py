"""Brings requests to a model and replies into the journal, at the pace that the model allows.

The steps of a request are drawn in README.md.

Files:
    session             what is open while models are asked: event loop, writer, a sender a model
    attempts            asks again while a reply cannot be read, and makes the answer
    sender              reserves, waits for a turn, asks, tries again, commits
    budget_words        what of a budget is spent, and who holds the rest
    counts              what was sent to a model, what came back, what did not, and its pace
    worker_processes    the same through several processes
    pacing              requests in flight, requests and tokens a minute, waits before a retry
    servers             which of a model's addresses a request goes to, and which are left
    gate                closes while a provider is busy, and learns the pace that it allows
    progress            a bar, or a line now and then: done, spent, time left
"""
