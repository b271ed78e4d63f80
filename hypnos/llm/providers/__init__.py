"""Asks models over the network, through litellm: any provider it knows, or a server of one's own.

Nothing else of Hypnos knows how a provider takes a request, what its errors mean, or what it charges.

Files:
    litellm         the chat model behind an address
    errors          litellm's exceptions as transient, busy, refused, or the user's to mend
    meanings        what a provider's codes and words mean
    waits           how long a provider asks to wait
    replies         a response as a reply: only what can be kept
    thinking        how each provider is told to think, and for how long
    settings        refuses settings that cannot work or would let a key out
    price_list      prices, stated or in litellm's list
    price_dates     how old prices are, and which models were withdrawn
    connections     HTTP clients that follow no redirect; addresses that no proxy is used for
Folders:
    batch/          providers' batch endpoints: half the price, an answer within a day
"""
