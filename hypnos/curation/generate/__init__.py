"""Makes the records that the other steps work on: models write them, or they are read.

A prompt depends on the seed and on what was there at its round's start, so that a resumed run equals an unbroken one.

Files:
    self_instruct    the step `generate`: authors write for a specialty, in rounds
    documents        the step `documents`: questions from passages, explanations for choice questions
    read_source      the step `read`: existing data of any known shape
    read_blocks      the same by blocks, in several processes
    row_maker        makes a row of what stands in a file, and counts what it leaves out
    quotas           how many records of which kind are wanted
    prompts          the prompts that authors get
    drafts           reads the records out of an author's reply
    pool             the questions that are there already, and examples out of them
    diversity        how unlike each other the questions are
    novelty          tells whether a question is new, by ROUGE-L on characters
    stand_ins        seeds in the place of records that do not exist yet, for an estimate
"""
