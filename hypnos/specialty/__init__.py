"""Reads what one medical specialty knows from its folder, and finds its drugs and doses in text.

Another specialty is another folder of the same files.
Module state: `doses` remembers the search patterns of up to eight lists of drugs.

Files:
    folder          reads a specialty's folder whole: topics, terms, rubric, seeds, prompts
    parsing         reads one file of it, and names file and key where something is wrong
    rubric          the indicators and severe errors that people rate
    grading         what a scorer or judge is shown of the rubric: scale, schema, fences round the material
    probes          answers of known quality and harm that scorers are tried out on
    prompt_places   which places its prompts have
    drugs           drugs and the plausible ranges of their doses
    drug_names      drug names in text, with their positions
    doses           doses in text, held against those ranges
    denied          words that forbid a dose or call it wrong
    units           amounts and units of doses in one notation
Others import:
    folder        Aspect, find_specialty, read_specialty, Seed, Specialty, Topic
    rubric        HIGH, KINDS, LOW, read_indicators, read_severe
    drugs         Drug, read_windows
    drug_names    align, DrugNames
    doses         Dose, find_doses, grade, VERSION
    units         any_of, normalise
    grading       closed_object, CROSS_SCORE, direction, enclose, escape, fence_of, JUDGE, NOTHING
"""
