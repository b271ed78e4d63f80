"""Rejects records whose answer belongs to another question, as the records at hand show it.

Nobody is asked and nothing is downloaded: which words of answers follow which words of questions is counted in the
records themselves, and real pairs are told from pairs put together at random.

Files:
    step             the step `fit`
    model            learns what tells a pair from a random one, and gives the odds for others
    association      counts which words of answers go with which words of questions
    shared_space     the angle between question and answer in a space learnt from all pairs
    embedding        likeness of question and answer by an embedding model, if one is given
"""
