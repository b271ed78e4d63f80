"""Starts a serving engine for a model on this machine, and ends it with the command that asked, whatever ended that.

Files:
    served_chat     a local folder as a chat model behind a server of its own
    vllm            how vLLM is started: flags, environment, what of it decides answers
    server_process  a server in a process of its own: port, health, log, end
    watcher         a script between command and server, which ends the server when the command is gone
    log_file        why a server ended, as its log tells
"""
