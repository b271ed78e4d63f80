"""Runs an experiment from its configuration, and reads the runs of a sweep so that they can be compared.

One folder holds one run: what it leaves there is all that a sweep's report is made from.

Files:
    run             checks a configuration, trains its stages, prints what each model achieves
    settings        keys, types and ranges of train.py's plain tables
    library_settings  what settings of Lightning and torch may be
    benchmark_run   lets the last model answer the benchmark
    outcome         writes what a finished run leaves, and knows a finished run by it
    run_folder      names of the files in a run's folder
    pushed_stage    what of a stage goes to a hub
    objective       the number that a search looks for, and which way it is good
    arm_names       folder names of a sweep's arms, from their overrides
    failures        keeps the error of an arm that failed
Folders:
    sweep/          arms of a sweep, compared over seeds with an arm of reference
    two_runs/       two runs of one command, side by side
Others import:
    run              run_experiment
    objective        name_direction
    arm_names        name_arm, name_job
    failures         kept_failure
    pushed_stage     stage_to_push
    sweep.compare    compare_arms
    two_runs.compare  compare_runs
"""
