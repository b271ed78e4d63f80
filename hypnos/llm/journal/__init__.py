"""Keeps every reply that was ever paid for in one SQLite file, with what was spent and what is promised.

Several processes may share a journal; its format and the keys of its replies never change silently.

Files:
    journal     the file: finds and inserts replies, opens transactions
    keys        the key of a reply: a hash of everything that decides it
    budget      a limit in dollars or tokens
    ledger      reserves before sending, settles after it
    writer      a thread that commits what waits together
    export      a journal as JSON Lines, and back
"""
