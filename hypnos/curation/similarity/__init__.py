"""Compares texts by their character n-grams: records with each other, and records with benchmarks.

Memory holds the hashes of the last records; those of older ones, and all texts, lie in files.

Files:
    mark_local         the step `mark_local`: copies of records that must stay must stay too
    deduplicate        the step `deduplicate`: the first of all copies stays
    seen_records       remembers records that were kept, and tells which later ones copy them
    minhash_index      finds the earlier texts that a text may be a copy of
    settled_keys       sorted hashes in a file, read part by part
    decontaminate      the step `decontaminate`: no benchmark's questions in training
    benchmark_index    measures how much of each benchmark question stands in a record
    paraphrases        finds a benchmark's questions asked in other words
    benchmark_texts    reads what a benchmark asks, in any published layout
"""
