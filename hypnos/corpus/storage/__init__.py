"""Opens files wherever they lie: compressed, and in whatever storage fsspec reaches (`s3://`, `oss://`, `https://`).

A command sees each address as it was at its first look; what changes later is refused, and never mixed with that.
Module state: `remote_files` remembers what lay at an address, and checksums where the storage states none.

Files:
    compressed    text files opened as they are, or out of gzip and Zstandard
    connection    a storage by its address, and one line for whatever it says
    remote_files  the files at an address, and what tells their content apart
    fetch         copies of them here for as long as they are read
"""
