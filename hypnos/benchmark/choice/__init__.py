"""The rules by which `hypnos.benchmark.choice.extract` reads options from an answer.

Each rule takes a reply and returns letters, "" (surely no answer) or None (does not fire).
"""
