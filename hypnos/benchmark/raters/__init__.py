"""Has people rate answers: blinded sheets go out, ratings come back and are checked.

A run enters by `run`; `sheet` hands out pages and tables, and `ratings` reads what came back with the key.

Files:
    run             makes the sheets as an artefact, and reads back what raters handed in
    study           settings of a study: who rates, and how much
    planner         draws questions and shares them out among the raters
    sheet           writes the blinded sheets, the key and the plan
    page            writes a rater's page, one file that needs no network (rating.html, rating.js, rating.css)
    spreadsheet     writes the same sheet as a table
    filled          reads one file as a rater filled it in, page or table
    ratings         joins files with the key: ratings of each model, and how far each rater is
    matching        finds the models of a run whose answers were rated
    disagreements   finds answers that raters should talk about
"""
