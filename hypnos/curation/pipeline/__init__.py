"""Runs steps one after another, each as an artefact named by what decided it.

What a step does to rows lies beside this folder, what is alike for all steps in it.

Files:
    step         what a step is: key, run and what else the pipeline may ask of it; the plan of what it sends
    run_steps    runs steps and keeps what each one made
    block_work   what a step does with a block of rows, and what it made of it
    blocks       runs a step block by block, by any workers, and goes on after a kill
    rows         reads and writes rows as lines, and divides them
    counts       counts what a step kept and rejected
"""
