"""Makes pairs of a better and a worse answer out of what authors and scorers are paid for.

The records and their steps stay as they are: what is asked besides stands in steps of its own.

Files:
    second_answers    the step `second_answers`: the other author answers the same question
    leniency          how much higher a scorer grades than the others, seen on what several scored
    preferences       joins both answers of a question, and writes those pairs that tell a better one
    settings          reads what a configuration says of pairs, and refuses what does not go together
    outcome           what a run made of pairs: its file, counts and costs
"""
