"""Asks through providers' batch endpoints: half the price, an answer within a day.

A batch fills the journal; the ordinary way of asking then finds the replies there, and asks again what cannot be read.

Files:
    batches         fills the journal: reserves, sends, follows, settles; finds what was sent before a process ended
    pending         a batch that is being sent, as the journal has it until there is an id
    endpoint        what a batch endpoint does
    result_rows     the lines of JSON that come back, among which some may be none
    file_endpoint   endpoints that take a file of requests: OpenAI, DashScope, Azure
    message_endpoint  Anthropic's Message Batches
"""
