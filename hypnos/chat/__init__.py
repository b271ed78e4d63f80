"""Talks with trained stages, to try them: in a terminal with one, or on a page with several side by side.

Files:
    __main__        python -m hypnos.chat: reads the command line, and talks in the terminal
    model           loads a model with its tokenizer, and has it say its turn piece by piece
    growing_text    the text of an answer as its tokens come
    page            a page with one column a model, on which drugs and doses are marked
    marked_text     an answer as HTML, with drugs and doses marked
"""
