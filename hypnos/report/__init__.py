"""Turns plain results into tables, figures and pages that people read, and sends them to Weights & Biases on request.

A report is made from `results` alone: whoever has results, a benchmark or a sweep, gets the same files from them.
Module state: `figures.fonts` remembers the Chinese font it found, and `figures.plots` adds it to matplotlib's.

Files:
    results         models, tasks, answers, ratings and verdicts as plain data
    kept_results    keeps results question by question as JSON, without texts
    contents        what a report is written from
    report          writes a report: Markdown, LaTeX, CSV, figures and the page
    secrecy         marks secrets out of what is shown elsewhere
    lineage         what a run was made from and what it made
    dashboard       names the module that lays out the dashboard now
Folders:
    statistics/     how sure a number is: intervals, paired tests, agreement of raters
    tables/         tables of numbers, and their forms: Markdown, LaTeX, CSV, text
    figures/        bars, radars, heat maps and curves as PNG
    pages/          HTML pages that need no network
    boards/         reports and funnels at services that show runs
    wandb/          runs, tables and artifacts at Weights & Biases
Others import:
    results                    Answers, Better, Duel, Indicator, Metric, Note, PairedTest, Question, Rating, Results,
                               TaskQuestions
    kept_results               QUESTIONS, read_results, read_task, task_row, write_results
    report                     Report, write_files, write_report
    contents                   Contents, Language
    statistics.intervals       Interval, mean_interval, METHOD, SHARE, statistic_intervals
    statistics.paired_tests    compare, Comparison, correct, NOT_TESTABLE, TESTS, write_p
    statistics.agreement       judge_agreement, rater_agreement
    statistics.rank_correlation  spearman_interval
    tables.table               Column, Grid
    tables.expected_costs      Expense, expense_table
    tables.paired_note         paired_note
    tables.rating_tests        rating_tests
    tables.metric_tables       column_of, headline_metrics, label_of
    tables.terminal            text_table
    figures.figures            Figure
    figures.plots              grouped_bars, line_plot
    figures.funnel_plot        funnel_bars, threshold_curve
    pages.funnel_page          Sample, Table, write_funnel_page
    pages.highlights           Marker
    pages.offline_page         write_offline_page
    lineage                    Ingredient
    secrecy                    without_secrets
    boards.board               Account, Rows
    boards.send_report         FILES, report_pictures, stages_among
    boards.tables              every_value, report_tables
    boards.swanlab             begin_run, check_swanlab, show_lineage, swanlab_table, SwanlabMode
    boards.mlflow              check_mlflow, keep_lineage, keep_table, run_tags, store_address
    wandb.reach                reachable_mode
    wandb.run                  AXIS, check_mode, CONSOLE, has_key, INIT_SECONDS
    wandb.artifacts            model_artifact, to_artifact, use
"""
