"""Pairs of answers, a better and a worse one, for stages that learn to prefer.

Everything enters by `source` and `datamodule`, which configuration names; both documents of a pair lie side by side.

Files:
    preference      a pair, and the forms it is read from
    source          pairs of a file, but for those that scores hardly tell apart; or one side alone
    encode          both answers as documents, cut alike
    datamodule      rows of whole pairs
"""
