"""Gets answers from models: local folders, GGUF files, models behind an address, or files of answers made elsewhere.

Every answer is kept as an artefact under the key of what decides it, so that no model answers the same twice.

Files:
    answerer            the base class: what an answerer must do
    local_model         a Hugging Face directory, asked in large batches
    served_model        a local model, asked through a serving engine
    gguf_model          a GGUF file, asked through llama.cpp
    api_model           a chat model, asked through journal and budget
    answer_file         answers read from a file
    lineup              builds the models that a user names
    names               how the report calls them
    cache               keeps answers group by group
    weights             the files, tokenizer and weights of a local model
    prompt_form         turns as the text a model continues
    likelihood_prompts  choice questions as log-likelihood requests
Folders:
    text/               turns as the text of a model, with its thoughts
"""
