"""Hands blocks of work to processes of this machine or to Ray, and gives back what becomes of them in their order.

Whoever has work says what is done with a block, and gets the same whoever did it, and wherever.

Files:
    workers      what can be handed out, and who works: this process
    processes    the same by processes of this machine
    ray_workers  the same by Ray, here or on a cluster
    memory       gives back what of a process's memory is free
Others import:
    workers      HERE, Work, WorkerKilled, Workers
    processes    Processes
    ray_workers  RayWorkers
    memory       free_memory
"""
