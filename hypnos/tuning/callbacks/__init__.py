"""Holds what happens between the steps of a stage.

Each callback reads in its `setup` from the module which stage it is in; nothing fills it from outside.

Files:
    checkpoints     saves and finds what a stopped stage goes on from
    resume          checks what a checkpoint holds, and counts where in its epochs training stands
    progress        shows loss, tokens per second and time left
    sample_answers  answers fixed prompts at each validation
    heldout_curve   measures every held-out set at each validation
    pruning         ends a trial of a search whose held-out curve is worse than those of others
"""
