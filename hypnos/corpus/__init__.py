"""Reads records from files and sets of many shapes, and decides which of them are used.

A selection is a policy over scores that are stored in the rows, so that another threshold asks no model.
Module state: reading a table raises the csv module's limit of a cell for the whole process.

Files:
    records         the two kinds of records, and the count of what could not be used
    files           rows of files, folders, addresses of a storage and sets of a hub, streamed
    formats         the same of one file: JSON Lines, JSON, CSV, Parquet, documents
    cells           what stands in one field, as text
    options         options of choice questions in the forms of public sets
    blank           text in which nothing can be seen
    shapes          rows of public sets become records
    sources         a source's records, its key, and the share that is held out
    scores          the scores stored in a row, turned so that more is better
    selection       the policy by which records are selected
    decisions       which records pass a selection, alone or compared with all others
    simplified      the simplified sign of each traditional one
Folders:
    storage/        files of object storage, and compressed ones
    pages/          PDF and DOCX, a page a passage
    turns/          conversations: system turns, thoughts, and what is left out
    likeness/       texts compared by their n-grams, and copies of what must not leave the machine
Others import:
    records             Instruction, Record, Rejections, Text, Unusable
    files               file_sizes, path_key, read_rows
    formats             FileRow, Malformed
    blank               is_blank
    shapes              SHAPES, to_records
    sources             GENERAL, is_held_out, read_source, Source, SPECIFIC
    cells               cell_text
    options             read_options
    selection           Selection
    decisions           Decide, decide_alone, decider, overall_grade, score_off_scale, STEP
    simplified          simplified_signs
    scores              LOWER_IS_BETTER, read_grades, ASPECTS, Grades
    turns.conversation  Conversation, read_history, read_messages
    turns.left_out      Note
    storage.connection  is_remote, local_path, shown_address
    likeness.ngrams     batches, CHARACTERS, fold, Grams, grams, jaccard, ROWS
    likeness.local_words  LocalWords
"""
