"""Names what a run makes by its content, makes it once, and finds it again.

An artefact is a folder whose name holds the hash of all that decides it; what else every command needs lies here too.
Module state: `keys` remembers the hashes of up to 1,024 files, as long as their size and time of change stay the same.

Files:
    store           makes an artefact once, aside, so that it appears whole or not at all
    keys            hashes of plain values, files and folders
    model_folder    the tokenizer's files and small JSON files of a Hugging Face directory
    tokenizer_file  a tokenizer as its tokenizer.json is written
    hub             names of the Hugging Face hub, and the snapshot of a model there
    config_check    finds a misspelt key of a configuration before any work
Others import:
    store           SHORT, artefact_folder, disk_errors, join_making, make_once
    keys            content_key, file_key, visible_files
    model_folder    copy_tokenizer, read_json, tokenizer_files
    tokenizer_file  TOKENIZER, read_tokenizer_file
    hub             HUB, fetch_model, is_hub_name
    config_check    bind_targets, check_keys
"""
