"""Runs a stage in several processes that start, share and end together.

Module state: `watchdog` holds the ranks that this process started, `ranks` what a launcher had set at its start,
`notice` the signal that was given.

Files:
    ranks           which of several processes this one is, and of which run
    notice          heeds a scheduler that takes the machine back: saves, and ends
    parts           checkpoints of which each rank writes and reads its own share
    sharding        builds the trainer; shards weights, gradients and moments over the devices
    watchdog        ends ranks together when one of them is killed
"""
