"""Measures models on tasks: asks them, reads their answers, and has metrics, judges and raters score those.

Everything enters by `evaluation`, or by `model_on_task` where one model takes the benchmark inside a sweep.

Files:
    evaluation      runs a whole evaluation, from a configuration to a report
    preparation     builds and checks what an evaluation needs
    cost            what an evaluation will cost, before anything is asked
    gaps            what an evaluation lacks because a model was stopped
    settings        keys, types and ranges of evaluate.py's plain tables
    model_on_task   asks one model one task, now or from what was kept
    items           what one question of a benchmark is
    predictions     what one answer is, and the types of request
    letters         letters of options in one spelling
    thinking        how much a model writes before its answer and in it
    report_data     verdicts and ratings in the report's own terms
Folders:
    tasks/          questions from files, the words they are asked in, examples
    answerers/      local models, models behind an address, files of answers
    inference/      generation and log-likelihoods on tensors
    choice/         rules that read the chosen options from an answer
    metrics/        every number that is made of answers
    judge/          models that judge answers
    raters/         sheets for people who rate answers, and their ratings
Others import:
    evaluation               answer_all, build_results, measure_all, run_evaluation, silence_progress_bars
    preparation              check_configuration, prepare
    settings                 INFERENCE, LIKELIHOOD, SAMPLING, THINKING
    model_on_task            ask, choose_request_types, read_tasks
    predictions              Prediction
    answerers.lineup         Build
    answerers.local_model    LocalModel
    answerers.prompt_form    render_template
    answerers.weights        check_rows, stop_ids
    choice.extract           VERSION
    metrics.measure          describe_task, measure, TaskScores
    metrics.table            find_number
    tasks.task               Task
"""
