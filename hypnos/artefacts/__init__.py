"""Names what a run makes by its content, makes it once, and finds it again.

An artefact is a folder whose name holds the hash of all that decides it; what else every command needs lies here too.
Module state: `keys` remembers the hashes of up to 1,024 files, as long as their size and time of change stay the same.

Files:
    store           makes an artefact once, aside, so that it appears whole or not at all
    keys            hashes of plain values, files and folders
    model_folder    the tokenizer's files and small JSON files of a Hugging Face directory, and that of a stage
    tokenizer_file  a tokenizer as its tokenizer.json is written
    older_readers   the same model and tokenizer for transformers 4 and what is built on it
    hub             names of the Hugging Face hub and of ModelScope, and snapshots of what is there
    upload          sends files to one of them, private unless it is said otherwise
    checksums       notices an edited file and a flipped bit when an artefact is reused
    config_check    finds what is wrong in a configuration before any work: keys, types, ranges
    value_check     holds values against annotations and tables
    ranges          what an argument may be, said beside it
    shared_settings tables of the configuration that all three scripts have
Others import:
    store              artefact_folder, disk_errors, join_making, make_once, partial_of, SHORT,
                         share_files
    keys               content_key, file_key, visible_files
    model_folder       copy_tokenizer, read_json, STAGE, tokenizer_files
    hub                bare_name, fetch_model, fetch_modelscope, first_line, HUB, is_hub_name, MODELSCOPE,
                         name_of_snapshot, on_hub
    upload             check_target, send, Upload
    tokenizer_file     read_tokenizer_file, TOKENIZER
    older_readers      name_positions, name_tokenizer, reads_as_written
    config_check       bind_targets
    ranges             Count, Device, Egress, Encoding, Filled, FloatType, Natural, NotNegative, PackingMethod,
                         Positive, Range, Seed, Share, ShareAboveZero, WandbMode, Form
    shared_settings    PATHS, WANDB
    value_check        check_table, Table
"""
