"""Starts a serving engine for a model on this machine, and ends it with the command that asked, whatever ended that.

Files:
    own_server      a chat model behind a server of its own, whichever that is
    served_chat     a local folder as such a model, behind vLLM
    gguf_chat       a GGUF file as such a model, behind llama.cpp
    gguf_file       what has to be known of a GGUF file
    llama_cpp       how llama.cpp's server is started: program, flags, what of it decides answers
    vllm            how vLLM is started: flags, environment, what of it decides answers
    server_program  what a server is as a program: words, environment, knobs
    server_process  a server in a process of its own: port, health, log, end
    watcher         a script between command and server, which ends the server when the command is gone
    log_file        why a server ended, as its log tells
"""
