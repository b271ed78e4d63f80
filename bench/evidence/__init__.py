"""What a reviewer would ask of the paper's claims, tried on real scores and a real base: `python -m bench.evidence`.

Settings stand in `settings/`, written down before the figures: a claim's bound, thresholds, sizes, rates and arms.

Files:
    settings     reads `settings/*.yaml`
    scored       the public sets of scored answers, as rows that the project's selection reads
    scores       claims about scores alone, which need no training
    files        training and held-out files of the claims that are trained
    papers       papers on anesthesia as running text
    arms         their arms, as command lines of train.py
    rates        chooses the rate of each stage, on a part of its own
    values       of single records under a trained arm
    trained      findings about what was trained, from what the sweeps left
    measured     what came of each sweep, kept in `results/`
    verdict      supported, not supported or undecided, from a corrected p
    earlier      rows of the claim sheet from the section that `bench.study` wrote
    page         the claim sheet and the details in docs/results.md
"""
