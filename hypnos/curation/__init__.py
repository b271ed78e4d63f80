"""Makes instructions that can be trusted out of a specialty's seeds, or out of data at hand (Fig. 2).

Everything enters by `run`; each step is an artefact, and what a step does not keep is rejected with its reason.

Files:
    run            runs filter.py: checks the configuration, prices the steps, runs them, shows the funnel
    settings       keys, types and ranges of filter.py's plain tables
    outcome        gathers records, funnel, page and card into the artefact `instructions`
    funnel         what went into each step and what came out, as tables
    shards         writes records once more in files of so many, as JSON Lines or Parquet
    card           writes the data card
    pushed_records what of kept records goes to a hub
    local_words    finds words of records that must stay in what is to be shown elsewhere
    hidden_signs   takes signs out of texts that no reader sees, and letters that look like others
    cost           estimates what a run will cost, before anything is asked
    ask_authors    asks several models at once and counts what their answers cost
Folders:
    pipeline/      steps run one after another, each kept under its key
    generate/      records that models write, and data that are read: the first steps
    clean/         the step `clean` and its rules
    fit/           the step `fit`: answers that belong to another question
    similarity/    the steps `deduplicate` and `decontaminate`, on character n-grams
    score/         the steps `cross_score` and `select`
    review/        the step `review`: physicians accept, mend or reject records on a page of their own
    pairs/         the step `second_answers`, and pairs of answers out of what was scored
Others import:
    run              run_filter
    pushed_records   records_to_push
"""
