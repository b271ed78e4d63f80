"""Runs a stage in several processes that start, share and end together.

Module state: `watchdog` holds the ranks that this process started, `ranks` what a launcher had set at its start.

Files:
    ranks           which of several processes this one is, and of which run
    sharding        builds the trainer; shards weights, gradients and moments over the devices
    watchdog        ends ranks together when one of them is killed
"""
