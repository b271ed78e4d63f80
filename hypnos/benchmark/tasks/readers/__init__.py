"""Reads files of benchmarks, each in its own layout, and yields items.

A new layout is a class with `read(path, kind)`; `fields` turns what is missing or wrong into one line with its place.

Files:
    lines           the project's own form, JSON Lines with a question a line
    anesbench       AnesBench in both layouts
    cmb             CMB's exams and its clinical cases
    cmexam          CMExam's CSV
    columns         C-Eval and CMMLU, a column for each option
    passages        CMRC2018 and others of SQuAD's shape
    fields          one row by the names of its columns
    complete        what happens to a row that lacks something
    stems           whether a stem asks for what is wrong, or for several options
"""
