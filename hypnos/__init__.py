"""Hypnos: from a general Llama to a Chinese language model for one medical specialty.

Three commands use it, train.py, filter.py and evaluate.py; of its folders each imports only from those listed below it.

Files:
    commands        what the three commands share: a composed configuration becomes a job
    compare         two runs side by side: settings, data, code, numbers and their tests
    export          a stage for llama.cpp and Ollama
    push            kept records or a stage sent to a hub
    child_processes processes that share a command's work and end with it
    code_version    the commit and the versions of libraries that a process runs
    override_words  words of a command line in the quotes that Hydra's grammar asks for
    errors          errors that a user can mend, and their one line
    numerals        numbers in figures and in Chinese numerals
    reasoning       cuts off reasoning, however it is marked
    special_tokens  those of a tokenizer, and the one that ends an answer
    sound_text      control characters, halves of signs and broken LaTeX, mended
Folders:
    chat/           a talk with trained stages, in a terminal or on a page
    experiment/     an experiment from its configuration to a table, and sweeps of experiments
    curation/       seed tasks become candidates, are cleaned, scored and kept
    vocabulary/     the tokenizer of a run, the base's own or extended by Chinese
    data/           records become token ids, labels and batches
    tuning/         a stage is trained, watched, resumed and handed on
    benchmark/      models answer tasks, and their answers are measured
    sample/         the embedded default, written for this project
    report/         tables, figures, pages and statistics of what was measured
    llm/            asking other people's models, keeping every reply, within a budget
    workers/        blocks of work, done by processes of this machine or by Ray
    corpus/         records, where they come from, and which are selected
    specialty/      what one medical specialty knows: topics, terms, doses, rubric, prompts
    artefacts/      what a run makes, named by its content and made once
"""

__version__ = "0.1.0"
