"""Shows a stage in its loggers: CSV, TensorBoard and Weights & Biases.

Lightning draws the curves of training; what else is worth seeing is shown from here, in every kind of logger alike.

Files:
    tracking        what went into a stage, held-out text across stages, and what came out
    loggers         numbers, tables, pictures and settings in every kind of logger
    wandb_logger    a stage as a run at Weights & Biases
    guard           a logger that fails, and the run that goes on
"""
