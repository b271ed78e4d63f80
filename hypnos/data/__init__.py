"""Turns records into packed rows of tokens, in an order that a stopped run can go on in.

Everything enters by `datamodule`, which configuration names; tokenised data are cached by content (see README.md).

Files:
    datamodule      the data of a stage: prepared once, packed, resumed by arithmetic
    prepare         reads, encodes and stores the documents of all sources
    encoders        batches of records encoded on all cores, in their order
    batch           a batch of records, and the columns of its documents
    documents_file  columns of documents written into one Arrow file
    encode          records as tokens, with their loss masks
    template        what a chat template writes around each turn
    preview         documents as text, with what their loss masks hold marked
    mixture         draws the documents of an epoch, by weights or up to a budget
    pack            fits documents into rows of one length
    rows            packed rows as tensors, and the order of an epoch
    calibration     documents by which a quantiser sees which weights matter
Folders:
    pairs/          pairs of answers instead of single ones
Others import:
    calibration     write_documents
"""
