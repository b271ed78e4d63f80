"""Shows a stage in its loggers: CSV, TensorBoard, Weights & Biases, SwanLab and MLflow.

Lightning draws the curves of training; what else is worth seeing is shown from here, in every kind of logger alike.

Files:
    tracking        what went into a stage, held-out text across stages, and what came out
    loggers         numbers, tables, pictures and settings in every kind of logger
    stage_board     what a service's logger holds beside curves
    wandb_logger    a stage as a run at Weights & Biases
    swanlab_logger  a stage as a run at SwanLab
    mlflow_logger   a stage as a run of MLflow
    guard           a logger that fails, and the run that goes on
"""
