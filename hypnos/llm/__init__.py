"""Asks other people's models, keeps every reply, and never spends past the budget.

Everything enters by `client`; a reply is kept in the journal before anything else sees it.

Some modules hold state, one for each process: `journal.keys` the settings it hashed last, `providers.price_list` the
models it entered into litellm's list, `providers.connections` the open HTTP clients of each event loop, `redaction` the
variables that keys are read from; `providers.litellm` sets up litellm, and with it the logging, once.

Files:
    client          asks many questions and hands back the answers in order
    requests        what a request is, its messages, and its answer
    chat            what a chat model is: a name, an address, parameters, one method; and what a reply is
    local_chat      a Hugging Face model in this process as a chat model
    recorded        a chat model that answers with replies that were recorded before
    estimate        what asking would cost, before anything is sent
    token_counts    how many tokens a text has, without the model's tokenizer
    failures        the errors that concern one request or a provider's state: transient, busy, refused, given up
    cancellation    tells everybody who sends that nothing more shall be sent
    redaction       keeps keys out of files, logs and errors
    typed_keys      finds keys in settings and on command lines, by shape and by name
Folders:
    sending/        the way of a request to a model: limits, retries, commits (see its README.md)
    journal/        every reply that was ever paid for, on SQLite, and the budget
    providers/      models over the network, through litellm
    engine/         servers of models on this machine, started and ended by the commands
    parsing/        reads JSON, scores and Chinese numerals out of what models write
Others import:
    chat                     ChatModel, CUT_FINISHES, Reply, ReplyLimits
    client                   Client
    engine.gguf_chat         GgufChat
    engine.gguf_file         read_gguf
    engine.llama_cpp         LlamaServer
    engine.served_chat       ServedChat
    engine.vllm              Vllm
    estimate                 estimate, Estimate
    journal.export           export_lines
    journal.journal          Journal
    parsing.aspect_scores    coded_scores, read_aspects, scored_objects
    parsing.quotation        quoted
    parsing.replies          answer_part, closed_items, json_values, own_values, read_object
    providers.litellm        load_litellm
    providers.settings       PARAMETERS
    recorded                 RecordedChat
    redaction                redact, scrub_refused_config
    requests                 Answer, Message, Request
    token_counts             usual_text, usual_tokens
    failures                 StoppedError, tells_of_failure, UnreadableError
    parsing.open_thought     closing_of, mark_before, open_mark
    typed_keys               typed_key
"""
