"""Reads conversations: who speaks, what is thought before it is said, and what of a row is left out.

Files:
    conversation    turns by user and assistant in a row, below a system turn if there is one
    thoughts        the reasoning of an answer, wherever a set keeps it
    left_out        what of a row is not learnt, by name
    traces          what a file holds that earlier versions read otherwise
"""
